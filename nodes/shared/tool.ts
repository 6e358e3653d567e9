import type { IExecuteFunctions } from 'n8n-workflow';
import { BackupError } from '../../core/errors';

/**
 * Lets an AI agent do only what reads. n8n offers a node to agents as a whole, under a type of its own; that the editor
 * hides an operation there does not keep a workflow from having it.
 *
 * @throws BackupError `not-permitted`
 */
export function assertAllowedAsTool(context: IExecuteFunctions, isReadOnly: boolean): void {
	if (isReadOnly || !context.getNode().type.endsWith('Tool')) return;
	throw new BackupError(
		'not-permitted',
		'An AI agent may list backups and report on them, and nothing else',
		{
			advice: 'Choose one of these operations, or do the others with a node of the workflow itself',
		},
	);
}
