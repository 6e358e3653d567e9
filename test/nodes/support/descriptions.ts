import type { INodeProperties, INodeType } from 'n8n-workflow';
import { OffSiteCopy } from '../../../nodes/OffSiteCopy/OffSiteCopy.node';
import { PostgresBackup } from '../../../nodes/PostgresBackup/PostgresBackup.node';
import { PruneBackups } from '../../../nodes/PruneBackups/PruneBackups.node';
import { RedisSnapshot } from '../../../nodes/RedisSnapshot/RedisSnapshot.node';
import { VolumeArchive } from '../../../nodes/VolumeArchive/VolumeArchive.node';

const nodes: INodeType[] = [
	new OffSiteCopy(),
	new PostgresBackup(),
	new PruneBackups(),
	new RedisSnapshot(),
	new VolumeArchive(),
];

/** As n8n loads them. */
export function allNodes(): INodeType[] {
	return nodes;
}

/** A parameter of an operation, those within its options included. */
export interface Parameter {
	node: string;
	operation: string;
	property: INodeProperties;
}

/** All parameters of all nodes as they describe themselves to n8n. */
export function allParameters(): Parameter[] {
	return nodes.flatMap(({ description: { name: node, properties } }) =>
		properties.flatMap((property) =>
			((property.displayOptions?.show?.operation ?? []) as string[]).flatMap((operation) =>
				[property, ...optionsOf(property)].map((each) => ({ node, operation, property: each })),
			),
		),
	);
}

/** All operations, once for each engine that they can use: `postgresBackup backUp docker`. */
export function allOperations(): string[] {
	const parameters = allParameters();
	return nodes.flatMap(({ description: { name: node, properties } }) => {
		const operations = choicesOf(properties.find(({ name }) => name === 'operation'));
		return operations.flatMap((operation) => {
			const engine = parameters.find(
				(each) => each.node === node && each.operation === operation && each.property.name === 'engine',
			);
			const engines = engine ? choicesOf(engine.property) : [undefined];
			return engines.map((name) => [node, operation, name].filter(Boolean).join(' '));
		});
	});
}

function optionsOf({ type, options = [] }: INodeProperties): INodeProperties[] {
	return type === 'collection' ? (options as INodeProperties[]) : [];
}

function choicesOf(property: INodeProperties | undefined): string[] {
	return (property?.options ?? []).flatMap((option) => ('value' in option ? [String(option.value)] : []));
}
