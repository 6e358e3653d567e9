import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../../lab/random.ts';
import { readCorpus } from '../fuzz/corpus.ts';
import { mutate } from '../fuzz/mutate.ts';
import { rdb } from '../fuzz/targets.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { Crc64, verifyBackup } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { boundedRun } from '../judges/boundedRun.ts';
import { forge } from './forgedManifest.ts';

const run = promisify(execFile);

/** Of some kilobytes, whatever numbers stand in them. */
const bounds = { megabytes: 300, seconds: 60 };

/** Snapshots whose lengths and counts are absurd, with and without a checksum that fits. */
export const hostileRdbs: Attack[] = [
	{
		promise: 'contained',
		fault:
			'RDBs with absurd lengths, counts, encodings, modules and checksums: refused in 300 MB, and no good one is',
		faults: { whole: 5000, short: 60 },
		open: async (scratch) => await open(scratch),
	},
];

async function open(scratch: string): Promise<Arena> {
	const directory = join(scratch, 'backups', 'redis');
	await mkdir(directory, { recursive: true });
	const corpus = await readCorpus(rdb.name);
	return {
		async strike(random: Random) {
			const { bytes } = random.pick(corpus);
			const mutated = mutate(bytes, rdb.words, random);
			const isSealed = random.below(3) > 0 && mutated.length > 20;
			const stored = isSealed ? withChecksum(mutated) : mutated;
			if (stored.equals(bytes)) return false;
			const name = 'dump_20261123_020000.rdb';
			const path = await forge({ directory, name, component: 'redis', stored });
			const result = await judge(path);
			const complaint = await redisComplaint(path, stored.length);
			// What a value holds is the server's to judge; lengths, marks and the checksum are ours.
			if (complaint === undefined)
				assertKept(result !== 'failed', 'What redis-check-rdb has no objection to counts as damaged');
			else if (!isSealed)
				assertKept(result !== 'passed', `It passes, and redis-check-rdb says: ${complaint}`);
			if (random.below(20) === 0) await boundedRun(['verify', path], bounds);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

async function judge(path: string): Promise<string> {
	try {
		return (await verifyBackup({ path, record: false }, AbortSignal.timeout(bounds.seconds * 1000))).result;
	} catch (error) {
		assertKept(isForPeople(error), `It fails: ${String(error)}`);
		return 'failed';
	}
}

/** It would take as much memory as a length in the file says. Bytes behind the end it passes over, and says where that is. */
async function redisComplaint(path: string, bytes: number): Promise<string | undefined> {
	try {
		const bounded = ['--as=2000000000', '--cpu=20', 'redis-check-rdb', path];
		const { stdout } = await run('prlimit', bounded, { maxBuffer: 1e8 });
		const end = Number(/\[offset (\d+)\] \\o\/ RDB looks OK/.exec(stdout)?.[1]);
		return end === bytes ? undefined : `It ends at ${end}, and the file at ${bytes}`;
	} catch (error) {
		const { stdout = '', message } = error as Error & { stdout?: string };
		return stdout.slice(-300) || message;
	}
}

function withChecksum(bytes: Buffer): Buffer {
	const body = bytes.subarray(0, bytes.length - 8);
	const crc = new Crc64();
	crc.update(body);
	return Buffer.concat([body, Buffer.from(crc.toString(), 'hex').reverse()]);
}
