import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disturbance, type DisturbingProxy, startProxy } from '../../lab/servers/disturbingProxy.ts';
import { type OpenPlaceServer, placeServers } from '../../lab/servers/offsitePlaces.ts';
import { writeBackups } from '../crash/writeBackups.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { copyBackups, fetchBackup, openDestination, readRemoteCatalog } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { directoryState } from '../judges/directoryState.ts';
import { sameAsOriginals } from '../judges/sameAsOriginals.ts';
import { anyDisturbance } from './anyDisturbance.ts';

const [component, timeZone] = ['env', 'utc'] as const;
/** The newest goes to S3 in several parts. */
const sizes = [5_500_000, 200_000, 10];
const bytesOnTheWire = sizes.reduce((sum, bytes) => sum + bytes);
const kinds = ['cut', 'stall', 'slow', 'corrupt'] as const;

/** What is a minute otherwise. */
const idleWithinMs = 1000;
/** A run that ends later waited for something that has no time-out: it is of a few requests, and tries few of them again. */
const mostSeconds = 120;

interface Way {
	start: () => Promise<OpenPlaceServer>;
	/** Where nothing but reading back tells of a bit that is another. */
	readBack: boolean;
}

const disturbed = (where: string, way: Way): Attack => ({
	promise: 'whole',
	fault: `${kinds.join(', ')} of the connection while backups are copied to ${where} or fetched from there`,
	faults: { whole: 200, short: 1 },
	open: async (scratch) => await open(scratch, way),
});

/** Networks that fail on the way to another place and back. */
export const disturbedCopies: Attack[] = [
	disturbed('S3', { start: placeServers.swift, readBack: false }),
	disturbed('SFTP', { start: placeServers.sftp, readBack: false }),
	disturbed('WebDAV', { start: placeServers.webdav, readBack: true }),
];

async function open(scratch: string, { start, readBack }: Way): Promise<Arena> {
	const server = await start();
	const end: AsyncDisposable = { [Symbol.asyncDispose]: async () => await server.stop() };
	return await endingOnFailure(end, async () => {
		const scene = new Scene(scratch, server, await startProxy(server.port), readBack);
		await scene.setUp();
		return {
			async strike(random) {
				const disturbance = anyDisturbance(kinds, bytesOnTheWire, random);
				return random.below(2) === 0 ? await scene.copy(disturbance) : await scene.fetch(disturbance);
			},
			async [Symbol.asyncDispose]() {
				await scene.proxy.stop();
				await server.stop();
			},
		};
	});
}

/** What a piece of work failed with; nothing where it says that all went well. */
type Failures = unknown[];

class Scene {
	readonly proxy: DisturbingProxy;
	readonly #server: OpenPlaceServer;
	readonly #readBack: boolean;
	readonly #template: string;
	readonly #here: string;
	readonly #mirror: string;
	#places = 0;

	constructor(scratch: string, server: OpenPlaceServer, proxy: DisturbingProxy, readBack: boolean) {
		this.#server = server;
		this.proxy = proxy;
		this.#readBack = readBack;
		this.#template = join(scratch, 'template');
		this.#here = join(scratch, 'backups');
		this.#mirror = join(scratch, 'mirror');
	}

	async setUp(): Promise<void> {
		await writeBackups(this.#template, sizes.length, (age) => sizes[age]!);
		await this.#reset(this.#template);
		await this.#server.makePlace('full');
		assertKept((await this.#copyTo('full')).length === 0, 'A copy that nothing disturbs fails');
		await this.#judgePlace('full', true);
	}

	/** To a new place; then once more, undisturbed. */
	async copy(disturbance: Disturbance): Promise<boolean> {
		const place = `of-fault-${(this.#places += 1)}`;
		await this.#server.makePlace(place);
		await this.#reset(this.#template);
		const { failures, hasDisturbed } = await this.#disturbed(disturbance, async () => {
			return await this.#copyTo(place, this.proxy.port);
		});
		await this.#judgePlace(place, failures.length === 0);
		const next = await this.#copyTo(place);
		assertKept(next.length === 0, `The next copy fails: ${String(next[0])}`);
		await this.#judgePlace(place, true);
		return hasDisturbed;
	}

	/** Into an empty backup directory; then once more, undisturbed. */
	async fetch(disturbance: Disturbance): Promise<boolean> {
		await this.#reset();
		const { failures, hasDisturbed } = await this.#disturbed(disturbance, async () => {
			return await this.#fetchAll(this.proxy.port);
		});
		await this.#judgeDirectory(this.#here, failures.length === 0);
		const next = await this.#fetchAll();
		assertKept(next.length === 0, `The next fetch fails: ${String(next[0])}`);
		await this.#judgeDirectory(this.#here, true);
		return hasDisturbed;
	}

	async #disturbed(disturbance: Disturbance, work: () => Promise<Failures>) {
		this.proxy.disturb(disturbance);
		const started = performance.now();
		const failures = await work().catch((error: unknown) => [error]);
		const seconds = (performance.now() - started) / 1000;
		const { hasDisturbed } = this.proxy;
		this.proxy.disturb(undefined);
		assertKept(seconds < mostSeconds, `It took ${seconds.toFixed(0)} s (${disturbance.kind})`);
		for (const failure of failures) {
			assertKept(isForPeople(failure), `It fails without a word for people: ${String(failure)}`);
		}
		return { failures, hasDisturbed };
	}

	async #copyTo(place: string, port?: number): Promise<Failures> {
		const { signal } = new AbortController();
		const options = this.#server.optionsFor({ port, place, idleWithinMs });
		await using destination = await openDestination(options, signal);
		const request = { destination, root: this.#here, timeZone, readBack: this.#readBack };
		const outcomes = await copyBackups(request, signal);
		return outcomes.flatMap(({ error }) => error ?? []);
	}

	async #fetchAll(port?: number): Promise<Failures> {
		const { signal } = new AbortController();
		const options = this.#server.optionsFor({ port, place: 'full', idleWithinMs });
		await using destination = await openDestination(options, signal);
		const failures: Failures = [];
		for (const entry of await readRemoteCatalog({ destination, timeZone }, signal)) {
			const fetching = fetchBackup({ destination, entry, root: this.#here }, signal);
			await fetching.catch((error: unknown) => failures.push(error));
		}
		return failures;
	}

	/** @param isWhole whether it is said that all is there */
	async #judgePlace(place: string, isWhole: boolean): Promise<void> {
		const directory = join(this.#mirror, component);
		await rm(this.#mirror, { recursive: true, force: true });
		await mkdir(directory, { recursive: true });
		for (const [name, content] of await this.#server.filesIn(place, component)) {
			await writeFile(join(directory, name), content);
		}
		await this.#judgeDirectory(this.#mirror, isWhole);
	}

	async #judgeDirectory(root: string, isWhole: boolean): Promise<void> {
		const directory = join(root, component);
		const { complete, broken } = await directoryState(directory);
		await sameAsOriginals(directory, join(this.#template, component));
		// Without a manifest it is no copy: the next run takes it up.
		const wrong = broken.filter((name) => name.endsWith('.manifest.json'));
		assertKept(wrong.length === 0, `Manifests without their artifacts: ${wrong.join(', ')}`);
		const count = `Of ${sizes.length} backups there are ${complete.length}`;
		assertKept(!isWhole || complete.length === sizes.length, `It succeeds. ${count}`);
	}

	async #reset(template?: string): Promise<void> {
		await rm(this.#here, { recursive: true, force: true });
		if (template) await cp(template, this.#here, { recursive: true, preserveTimestamps: true });
		else await mkdir(this.#here);
	}
}
