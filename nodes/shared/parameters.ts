import type { IExecuteFunctions } from 'n8n-workflow';
import {
	type ArtifactRequest,
	chosenCompression,
	type Compression,
	type CompressionMethod,
} from '../../core/artifact';
import { runningN8nVersion } from '../../core/n8n/runningN8n';
import { allowedPath } from './allowedPath';
import { encryptionKeys } from './encryption';
import { progressReporter } from './progress';

/** The part of every artifact's request that does not depend on the component. */
export async function commonRequest(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<
	Pick<ArtifactRequest, 'root' | 'encryption' | 'timeZone' | 'instanceId' | 'n8nVersion' | 'onProgress'>
> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	return {
		root: await allowedPath(context, directory, 'Backup Directory'),
		encryption: await encryptionKeys(context, itemIndex),
		timeZone: context.getTimezone(),
		instanceId: context.getInstanceId(),
		n8nVersion: runningN8nVersion(),
		onProgress: progressReporter(context),
	};
}

/**
 * Method and level as the node's parameters say.
 *
 * @throws BackupError `bad-parameter` for a level that the method does not have
 */
export function readCompression(context: IExecuteFunctions, itemIndex: number, level?: number): Compression {
	const method = context.getNodeParameter('compression', itemIndex) as CompressionMethod;
	return chosenCompression(method, level);
}

/** What the names of one of several artifacts begin with: the wanted prefix and, to tell them apart, the standard one. */
export function choosePrefix(wanted: string | undefined, standard: string, count: number): string {
	if (!wanted) return standard;
	return count === 1 ? wanted : `${wanted}_${standard}`;
}

/** A list given as a real list, or as text with commas or line breaks between; empty entries do not count. */
export function readList(value: unknown): string[] {
	const parts = Array.isArray(value)
		? value.map(String)
		: typeof value === 'string'
			? value.split(/[,\n]/)
			: [];
	return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** A text that was filled in; undefined for an empty field. */
export function readText(value: string | undefined): string | undefined {
	const text = value?.trim();
	return text === '' ? undefined : text;
}
