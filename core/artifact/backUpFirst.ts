import { type DecryptionKeys, readersWith } from '../encryption';
import type { Component } from './component';
import { createArtifact } from './createArtifact';
import { prefixFor } from './names';
import type { OnProgress, OpenSource } from './source';

export interface SafetyBackup {
	/** The backup directory that it goes to. */
	root: string;
	component: Extract<Component, 'postgres' | 'redis'>;
	/** The database, or what else is saved. */
	name: string;
	openSource: OpenSource;
	/** What the restored backup is read with: then what it replaces is encrypted for the same. */
	keys?: DecryptionKeys;
	timeZone: string;
	/** The n8n that restores, where one does. */
	instanceId?: string;
	onProgress?: OnProgress;
}

const safetyPrefix = 'before-restore-';

/** Whether an artifact is what a restore replaced: never what somebody means who asks for the newest. */
export function isSafetyBackup({ prefix }: { prefix: string }): boolean {
	return prefix.startsWith(safetyPrefix);
}

/**
 * Backs up what a restore is about to replace, as `before-restore-NAME`: a series of its own for retention.
 *
 * @returns the artifact's path
 * @throws BackupError as createArtifact does; nothing must be replaced then
 */
export async function backUpFirst(backup: SafetyBackup, signal: AbortSignal): Promise<string> {
	const { root, component, name, openSource, keys, timeZone, instanceId, onProgress } = backup;
	const isDump = component === 'postgres';
	const { path } = await createArtifact(
		{
			root,
			component,
			prefix: prefixFor(`${safetyPrefix}${name}`),
			extension: isDump ? 'sql' : 'rdb',
			compression: { method: isDump ? 'gzip' : 'none' },
			encryption: keys && (await readersWith(keys)),
			timeZone,
			instanceId,
			step: `Saving the present ${name}`,
			onProgress,
		},
		openSource,
		signal,
	);
	return path;
}
