import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod/v4';
import { BackupError, errorCode, errorMessage, fileError } from '../errors';
import { findAbandoned, isPartial, type LeftOver } from '../files/abandoned';
import { AtomicFile, isThere } from '../files/atomicFile';
import { readRegularFile } from '../files/readRegularFile';
import { type Component, components } from './component';

/** What is kept of a run that made no good backup, for the report: small, and no artifact. */
export interface FailedRun {
	component: Component;
	prefix: string;
	/** ISO 8601, UTC. */
	at: string;
	/** As the error has them. */
	code: string;
	what: string;
	advice: string;
	/** The n8n that tried, where it is known. */
	instanceId?: string;
}

type RunIdentity = Pick<FailedRun, 'component' | 'prefix' | 'instanceId'>;

const schema: z.ZodType<FailedRun> = z.object({
	component: z.enum(components),
	prefix: z.string(),
	at: z.iso.datetime(),
	code: z.string(),
	what: z.string(),
	advice: z.string(),
	instanceId: z.string().optional(),
});

/** Beside the components’ directories, so that nothing takes a record for an artifact. */
const directoryName = 'failed-runs';

/** More than any record has. */
const longestRecordBytes = 64 * 1024;

/**
 * Writes down that a run failed. What keeps the record from being written (the disk that is full, mostly) is no error of
 * its own: the run has failed already, and says so.
 */
export async function recordFailedRun(root: string, run: FailedRun): Promise<void> {
	try {
		const directory = join(root, directoryName);
		await mkdir(directory, { mode: 0o700 }).catch((error: unknown) => {
			if (errorCode(error) !== 'EEXIST') throw error;
		});
		await using file = await AtomicFile.create(join(directory, recordName(run)));
		await file.write(`${JSON.stringify(run, null, 2)}\n`);
		await file.commit();
	} catch {
		// The error of the run itself is the one to be heard.
	}
}

/** Does the work of a run; where it fails, and nobody cancelled it, that is written down. */
export async function recordingFailure<T>(
	{ root, ...about }: RunIdentity & { root: string },
	signal: AbortSignal,
	work: () => Promise<T>,
): Promise<T> {
	const startedAt = new Date();
	try {
		return await work();
	} catch (error) {
		if (!signal.aborted) await recordFailedRun(root, failedRun(about, error, startedAt));
		throw error;
	}
}

/** What is written down of an error: its two sentences, which never hold a secret. */
export function failedRun(about: RunIdentity, error: unknown, at: Date): FailedRun {
	const { code, what, advice } =
		error instanceof BackupError
			? error
			: { code: 'internal', what: errorMessage(error), advice: 'Report it: this was not foreseen.' };
	const { component, prefix, instanceId } = about;
	return { component, prefix, instanceId, at: at.toISOString(), code, what, advice };
}

/**
 * The runs that failed, newest first. Records that cannot be read are passed over: they say nothing of any backup.
 *
 * @throws BackupError when their directory cannot be listed
 */
export async function readFailedRuns(root: string): Promise<FailedRun[]> {
	const runs: FailedRun[] = [];
	for (const path of await listRecords(root)) {
		const run = await readRecord(path);
		if (run) runs.push(run);
	}
	return runs.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/**
 * Removes the records of runs from before an instant, and those that a crash kept from being written.
 *
 * @throws BackupError when their directory cannot be listed
 */
export async function pruneFailedRuns(root: string, before: Date): Promise<void> {
	const old: string[] = [];
	for (const path of await listRecords(root)) {
		const run = await readRecord(path);
		if (run && new Date(run.at) < before) old.push(path);
	}
	for (const { path } of await findUnfinished(root)) old.push(path);
	// The next prune finds what cannot go now.
	for (const path of old) await unlink(path).catch(() => {});
}

async function findUnfinished(root: string): Promise<LeftOver[]> {
	const directory = join(root, directoryName);
	return (await isThere(directory)) ? await findAbandoned(directory, isPartial) : [];
}

function recordName({ component, prefix, at }: FailedRun): string {
	return `${component}_${prefix}_${at.replace(/[-:]/g, '')}.json`;
}

async function listRecords(root: string): Promise<string[]> {
	const directory = join(root, directoryName);
	try {
		const names = await readdir(directory);
		return names
			.filter((name) => name.endsWith('.json') && !name.startsWith('.'))
			.map((name) => join(directory, name));
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return [];
		throw fileError(error, directory);
	}
}

async function readRecord(path: string): Promise<FailedRun | undefined> {
	try {
		return schema.parse(JSON.parse((await readRegularFile(path, longestRecordBytes)).toString()));
	} catch {
		return undefined;
	}
}
