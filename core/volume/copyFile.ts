import { type BigIntStats, constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { OpenSource, Source, SourceFacts } from '../artifact/source';
import { BackupError, cancelledError, fileError } from '../errors';
import { packageVersion } from '../version';
import { keyFileFromEnvFile, keyFromEnvFile, longestKeyFileBytes } from '../n8n/encryptionKey';
import { isLeased, leasedError, leaseRetryMs, leaseTimeoutMs } from './leasedFile';
import { OpenFiles } from './pack/openFiles';
import { missingOnHostError, replacedOnHostError } from './staleMount';

export interface CopyFileOptions {
	path: string;
}

/** How often a file that is written to while it is read is read again. */
const attempts = 3;

/**
 * The engine `built-in` of single files, `.env` above all: the bytes as they are. Says in the facts whether the
 * file sets N8N_ENCRYPTION_KEY.
 *
 * @throws BackupError (from opening it or from `finished`) when it is no regular file or cannot be read whole
 */
export function copyFile({ path }: CopyFileOptions): OpenSource {
	return async (signal) => {
		if (signal.aborted) throw cancelledError(signal.reason);
		const file = await openRegularFile(path, signal);
		try {
			const stats = await file.stat();
			if (stats.size > longestKeyFileBytes) return streamFile(path, file, stats, signal);
			const { content, isStable } = await readStable(file);
			await file.close();
			return fromMemory(path, content, isStable);
		} catch (error) {
			await file.close();
			throw fileError(error, path);
		}
	};
}

async function openRegularFile(path: string, signal: AbortSignal): Promise<FileHandle> {
	// To open and close a database that n8n has open would drop n8n's locks on it.
	if (new OpenFiles().hasDatabase(path)) throw inUseError(path);
	const file = await openUnleased(path, signal);
	try {
		const stats = await file.stat({ bigint: true });
		if (!stats.isFile()) throw await notAFile(path, stats);
		// Replaced just now, its path leads to the new one; mounted by itself, to the old one forever.
		const isStale = stats.nlink === 0n && isSameFile(stats, await stat(path, { bigint: true }));
		if (isStale) throw replacedOnHostError(path);
		return file;
	} catch (error) {
		await file.close();
		throw fileError(error, path);
	}
}

/** Opening must not wait for the other end of a pipe; without waiting it fails while another process holds a lease. */
async function openUnleased(path: string, signal: AbortSignal): Promise<FileHandle> {
	const giveUpAt = performance.now() + leaseTimeoutMs();
	for (;;) {
		try {
			return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
		} catch (error) {
			if (!isLeased(error)) throw fileError(error, path);
			if (performance.now() > giveUpAt) throw leasedError(path, error);
			await setTimeout(leaseRetryMs, undefined, { signal }).catch((reason: unknown) => {
				throw cancelledError(reason);
			});
		}
	}
}

function inUseError(path: string): BackupError {
	return new BackupError('unsupported', `${path} is a database that this very n8n has open`, {
		advice: 'Archive the directory that it is in: that captures databases consistently',
	});
}

async function notAFile(path: string, stats: BigIntStats): Promise<BackupError> {
	if (stats.isDirectory() && (await readdir(path)).length === 0) return missingOnHostError(path);
	return new BackupError('bad-parameter', `${path} is ${kindOf(stats)}, not a file`, {
		advice: 'Choose a file to copy; for a directory there is Archive',
	});
}

function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
	return one.dev === other.dev && one.ino === other.ino;
}

function kindOf(stats: BigIntStats): string {
	if (stats.isDirectory()) return 'a directory';
	return stats.isFIFO() ? 'a pipe' : 'a device or socket';
}

/** Reads a small file until it stays the same from beginning to end; an editor may be saving it right now. */
async function readStable(file: FileHandle): Promise<{ content: Buffer; isStable: boolean }> {
	for (let attempt = 1; ; attempt++) {
		const before = await file.stat();
		const content = Buffer.alloc(before.size);
		const { bytesRead } = await file.read(content, 0, before.size, 0);
		const isStable = bytesRead === before.size && !hasChanged(before, await file.stat());
		if (isStable || attempt === attempts) return { content: content.subarray(0, bytesRead), isStable };
	}
}

function fromMemory(path: string, content: Buffer, isStable: boolean): Source {
	const stream = Readable.from(content.length > 0 ? [content] : [], { objectMode: false });
	const text = content.toString('utf8');
	const keyFound = keyFromEnvFile(text) !== undefined;
	const keyFile = keyFileFromEnvFile(text);
	const warnings: string[] = [];
	if (!keyFound && keyFile !== undefined) {
		warnings.push(
			`n8n’s encryption key is not in ${path} but in the file ${keyFile} that it names: copy that file, too.`,
		);
	}
	return toSource(stream, () => toFacts(path, { isStable, keyFound, warnings }));
}

/** A file this large is no `.env`: it is copied without a look inside. */
function streamFile(path: string, file: FileHandle, before: Stats, signal: AbortSignal): Source {
	const stream = file.createReadStream({ start: 0, end: before.size - 1, signal });
	return toSource(stream, async () => {
		const isStable = !hasChanged(before, await stat(path));
		return toFacts(path, { isStable, keyFound: false, warnings: [] });
	});
}

function toSource(stream: Readable, facts: () => SourceFacts | Promise<SourceFacts>): Source {
	const whole = finished(stream, { writable: false }).then(facts);
	whole.catch(() => {});
	return { stream, finished: whole };
}

interface Findings {
	isStable: boolean;
	keyFound: boolean;
	warnings: string[];
}

function toFacts(path: string, { isStable, keyFound, warnings }: Findings): SourceFacts {
	const unstable = `${path} was written to while it was copied; the copy may mix old and new.`;
	return {
		source: { path },
		engine: { name: 'built-in', version: packageVersion },
		census: { kind: 'file' },
		warnings: isStable ? warnings : [...warnings, unstable],
		encryptionKey: keyFound ? 'found' : 'missing',
	};
}

function hasChanged(before: Stats, after: Stats): boolean {
	return before.size !== after.size || before.mtimeMs !== after.mtimeMs || before.ino !== after.ino;
}
