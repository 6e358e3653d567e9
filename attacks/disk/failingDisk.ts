import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../../lab/random.ts';

const run = promisify(execFile);

/** What a disk does not do. */
export interface DiskFault {
	/** Kinds of calls, as failingDisk.c names them. */
	calls: string;
	/** `killed`: the process is, right before such a call. */
	errno: 'EIO' | 'EROFS' | 'killed';
	/** How long such a call takes instead of failing. */
	delayMs?: number;
	/** From then on, or at one call alone. */
	lasts: boolean;
}

const kinds = ['open', 'read', 'write', 'fsync', 'rename', 'link', 'unlink', 'mkdir', 'readdir'];

/** A disk that turns read-only in one fault of three; one that fails at calls of one kind in the others. */
export function anyDiskFault(random: Random): DiskFault {
	if (random.below(3) === 0) return { calls: 'change', errno: 'EROFS', lasts: true };
	return { calls: random.pick(kinds), errno: 'EIO', lasts: random.below(2) === 0 };
}

/** Makes a process's disk fail, below some directories. */
export class FailingDisk {
	readonly #library: string;
	readonly #tally: string;
	readonly #places: readonly string[];

	private constructor(library: string, tally: string, places: readonly string[]) {
		this.#library = library;
		this.#tally = tally;
		this.#places = places;
	}

	/** Compiles it; `gcc` has to be there. */
	static async make(scratch: string, places: readonly string[]): Promise<FailingDisk> {
		const library = join(scratch, 'failingDisk.so');
		const source = join(process.cwd(), 'attacks', 'disk', 'failingDisk.c');
		await run('gcc', ['-Wall', '-Werror', '-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']);
		return new FailingDisk(library, join(scratch, 'tally'), places);
	}

	/**
	 * The environment of a process whose disk fails.
	 *
	 * @param after so many calls; none fails when undefined
	 */
	async environment(
		{ calls, errno, delayMs = 0, lasts }: DiskFault,
		after?: number,
	): Promise<NodeJS.ProcessEnv> {
		await writeFile(this.#tally, Buffer.alloc(16));
		return {
			LD_PRELOAD: this.#library,
			DISK_PLACES: this.#places.join(':'),
			DISK_CALLS: calls,
			DISK_AFTER: String(after ?? 0xffff_ffff),
			DISK_ERRNO: String(errno === 'killed' ? 0 : constants.errno[errno]),
			DISK_DELAY: String(delayMs * 1000),
			DISK_LASTS: lasts ? '1' : '0',
			DISK_TALLY: this.#tally,
		};
	}

	/** Of the last process: how many such calls there were, and how many failed. */
	async tally(): Promise<{ calls: number; failed: number }> {
		const numbers = await readFile(this.#tally);
		return { calls: Number(numbers.readBigUInt64LE(0)), failed: Number(numbers.readBigUInt64LE(8)) };
	}
}
