import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCatalog } from '../../../core/artifact';
import {
	copyBackups,
	type Destination,
	fetchBackup,
	readRemoteCatalog,
	verifyCopy,
} from '../../../core/offsite';
import { type Disturbance, type DisturbingProxy, startProxy } from '../../../lab/servers/disturbingProxy';
import { writeBackup } from '../../support/writeBackup';
import { createRandom, makeDirectory, patience, type TestServer, testServers } from './support/testServers';

/**
 * Many more by a command: `OFFSITE_RUNS=100 OFFSITE_SEED=1 npm run test:servers -- test/core/offsite/faults`. The same
 * seed makes the same disturbances.
 */
const runs = Number(process.env.OFFSITE_RUNS ?? 3);

/** So long nothing may go on; and so long a run waits for a network that does not come back. */
const idleWithinMs = 3000;
const giveUpAfterMs = 8000;

const timeoutMs = runs * 120_000;
const [timeZone, component] = ['utc', 'postgres' as const];

/** s3rver keeps what it got of a part whose connection broke, and hashes nothing: it cannot be held to this. */
const kinds = Object.keys(testServers).filter((kind) => kind !== 's3rver');

describe.each(kinds)('%s over a network that fails', (kind) => {
	let server: TestServer;
	let proxy: DisturbingProxy;
	let local: Awaited<ReturnType<typeof makeDirectory>>;
	const root = () => join(local.path, 'backups');
	const hashes = new Map<string, string>();
	const random = createRandom();

	beforeAll(async () => {
		server = await testServers[kind]!();
		proxy = await startProxy(server.port);
		local = await makeDirectory();
		await mkdir(root());
		for (const [index, size] of [10, 200_000, 5_500_000].entries()) {
			const stamp = `2025010${index + 1}_020000`;
			const path = await writeBackup(root(), { stamp, content: noise(size) });
			hashes.set(`${component}/n8n_${stamp}.sql.gz`, sha256(await readFile(path)));
		}
	}, 240_000);
	afterAll(async () => {
		await proxy.stop();
		await server.stop();
		await local.remove();
	});

	it(
		'holds nothing but what verifies, and is caught up by the next copy',
		async () => {
			const outcomes: string[] = [];
			for (let run = 0; run < runs; run++) {
				const place = `copy-${run}`;
				await server.makePlace(place);
				const trouble = anyTrouble(6_000_000);
				const told = await disturbed(trouble, place, async (destination, signal) => {
					const copied = await copyBackups({ destination, root: root(), timeZone }, signal);
					return copied.flatMap(({ error }) => error ?? []);
				});
				await using direct = await server.open({ place });
				await assertOnlyWhole(direct);
				const caughtUp = await copyBackups({ destination: direct, root: root(), timeZone }, patience());
				expect(caughtUp.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
				await assertOnlyWhole(direct);
				expect(await direct.list(component, patience())).toHaveLength(6);
				outcomes.push(`${trouble.kind}${trouble.once ? ' once' : ''}: ${told.join(' | ') || 'copied'}`);
			}
			console.log(outcomes.join('\n'));
		},
		timeoutMs,
	);

	it(
		'gives nothing its name here that does not verify',
		async () => {
			await server.makePlace('full');
			await using direct = await server.open({ place: 'full' });
			await copyBackups({ destination: direct, root: root(), timeZone }, patience());
			const entries = await readRemoteCatalog({ destination: direct, timeZone }, patience());
			const here = join(local.path, 'fetched');
			for (let run = 0; run < runs; run++) {
				await mkdir(here);
				await disturbed(anyTrouble(6_000_000), 'full', async (destination, signal) => {
					const errors: unknown[] = [];
					for (const entry of entries) {
						await fetchBackup({ destination, entry, root: here }, signal).catch((error: unknown) =>
							errors.push(error),
						);
					}
					return errors;
				});
				for (const { path, name, state } of await readCatalog({ root: here, timeZone })) {
					expect([name, state]).toEqual([name, 'good']);
					expect(sha256(await readFile(path))).toBe(hashes.get(`${component}/${name}`));
				}
				for (const entry of entries)
					await fetchBackup({ destination: direct, entry, root: here }, patience());
				expect(await readCatalog({ root: here, timeZone })).toHaveLength(3);
				await rm(here, { recursive: true });
			}
		},
		timeoutMs,
	);

	/** @returns what was said of all that failed */
	async function disturbed(
		trouble: Disturbance,
		place: string,
		work: (destination: Destination, signal: AbortSignal) => Promise<unknown[]>,
	): Promise<string[]> {
		proxy.disturb(undefined);
		const through = await server.open({ port: proxy.port, place, idleWithinMs });
		const lasts = trouble.kind !== 'slow' && !trouble.once;
		const signal = AbortSignal.any([patience(), ...(lasts ? [AbortSignal.timeout(giveUpAfterMs)] : [])]);
		proxy.disturb(trouble);
		const errors = await work(through, signal).catch((error: unknown) => [error]);
		await through[Symbol.asyncDispose]();
		proxy.disturb(undefined);
		const messages = errors.map((error) => {
			expect(error).toMatchObject({
				name: 'BackupError',
				code: expect.stringMatching(/^(unreachable|incomplete|cancelled)$/) as unknown,
			});
			return (error as Error).message;
		});
		// Swift may hang up: after an answer to HEAD it sends a last chunk, which nobody expects by then.
		if (trouble.kind === 'slow') {
			expect(messages.filter((message) => !/socket hang up|was lost/.test(message))).toEqual([]);
		}
		return messages;
	}

	async function assertOnlyWhole(destination: Destination): Promise<void> {
		for (const { name } of await destination.list(component, patience())) {
			if (!hashes.has(name)) continue;
			const hash = createHash('sha256');
			for await (const piece of destination.get(name, patience())) hash.update(piece);
			expect([name, hash.digest('hex')]).toEqual([name, hashes.get(name)]);
		}
		for (const entry of await readRemoteCatalog({ destination, timeZone }, patience())) {
			expect(['good', 'unproven']).toContain(entry.state);
			if (entry.state !== 'good') continue;
			const { result } = await verifyCopy({ destination, entry }, patience());
			expect([entry.name, result]).toEqual([entry.name, 'passed']);
		}
	}

	function anyTrouble(mostBytes: number): Disturbance {
		const kinds: Disturbance['kind'][] = ['cut', 'stall', 'slow'];
		const disturbance = kinds[Math.floor(random() * kinds.length)]!;
		// As often among the first questions as anywhere in the files.
		const afterBytes = Math.floor(random() * (random() < 0.3 ? 10_000 : mostBytes));
		return { kind: disturbance, afterBytes, once: random() < 0.5 };
	}

	/** What gzip does not make smaller. */
	function noise(bytes: number): string {
		const words = new Uint8Array(bytes).map(() => 32 + Math.floor(random() * 95));
		return Buffer.from(words).toString('latin1');
	}
});

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
