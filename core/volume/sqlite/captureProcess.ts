import { closeSync, constants, copyFileSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { BackupError, errorCode, fileError } from '../../errors';
import { toWorkerError, type WorkerError } from '../../errors/workerError';
import { displayPath } from '../../tar/member';
import { captureDatabase } from './captureDatabase';
import type { Examination } from './examineDatabase';
import { databaseHeaderBytes, hasValidHeader } from './fileFormat';

/**
 * The process that opens databases, so that the one which n8n runs in does not. It reads a request a line from its
 * standard input, writes an answer a line to its standard output, and ends when its input does: also when whoever
 * started it is killed.
 */

/** A line of its input. */
export interface CopyRequest {
	/** Of the file, its bytes as latin1 characters. */
	location: string;
	target: string;
	lockTimeoutMs: number;
}

/** A line of its output. */
export type CopyAnswer =
	| { kind: 'database'; examination: Examination }
	/** It is no database; the copy may be of different moments when it changed meanwhile. */
	| { kind: 'file'; hasChanged: boolean }
	| { kind: 'vanished' }
	| { kind: 'failed'; error: WorkerError };

async function main(): Promise<void> {
	for await (const line of createInterface({ input: process.stdin })) {
		const answer = await answerTo(JSON.parse(line) as CopyRequest);
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	}
}

async function answerTo({ location: latin1, target, lockTimeoutMs }: CopyRequest): Promise<CopyAnswer> {
	const location = Buffer.from(latin1, 'latin1');
	try {
		if (hasValidHeader(readHeader(location))) {
			const examination = await captureDatabase({ location, target, lockTimeoutMs });
			return { kind: 'database', examination };
		}
		return { kind: 'file', hasChanged: copyFile(location, target) };
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return { kind: 'vanished' };
		if (error instanceof BackupError && error.code === 'not-found') return { kind: 'vanished' };
		return { kind: 'failed', error: toWorkerError(fileError(error, displayPath(location))) };
	}
}

function readHeader(location: Buffer): Buffer {
	const descriptor = openSync(location, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		const header = Buffer.alloc(databaseHeaderBytes);
		return header.subarray(0, readSync(descriptor, header));
	} finally {
		closeSync(descriptor);
	}
}

/** @returns whether it changed meanwhile */
function copyFile(location: Buffer, target: string): boolean {
	const before = statSync(location, { bigint: true });
	try {
		copyFileSync(location, target, constants.COPYFILE_EXCL);
	} catch (error) {
		rmSync(target, { force: true });
		throw error;
	}
	const after = statSync(location, { bigint: true });
	return before.size !== after.size || before.mtimeNs !== after.mtimeNs;
}

void main();
