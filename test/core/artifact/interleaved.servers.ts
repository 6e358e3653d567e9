import fileSystem from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { directoryState } from '../../../attacks/judges/directoryState.ts';
import type { CatalogEntry } from '../../../core/artifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

jest.setTimeout(240_000);

/** What a process loads of ours. Another one has its own: what this one lines up in memory, they do not. */
function load() {
	return {
		...jest.requireActual<typeof import('../../../core/artifact')>('../../../core/artifact'),
		...jest.requireActual<typeof import('../../../core/artifact/verifyArtifact')>(
			'../../../core/artifact/verifyArtifact',
		),
		...jest.requireActual<typeof import('../../../core/offsite')>('../../../core/offsite'),
		...jest.requireActual<typeof import('../../../core/retention')>('../../../core/retention'),
	};
}

const directory = temporaryDirectory();
const timeZone = 'utc';
const { signal } = new AbortController();

/** A backup directory and a place for copies of it. */
interface Ground {
	root: string;
	place: string;
}

/** The names of the backups that it has made. */
type Made = string[];

const old = ['20250101_020000', '20250102_020000', '20250103_020000'];

const runsOf = (core: ReturnType<typeof load>): Record<string, (ground: Ground) => Promise<Made>> => ({
	async 'a backup'({ root }) {
		const request = {
			...{ root, component: 'postgres' as const, prefix: 'n8n', extension: 'sql', timeZone, step: 'testing' },
			compression: { method: 'gzip' as const },
		};
		const facts = {
			source: { host: 'db', database: 'n8n' },
			engine: { name: 'built-in' as const, version: '1' },
			census: { kind: 'postgres' as const, tables: {}, rows: 0 },
			warnings: [],
		};
		const open = async () =>
			await Promise.resolve({
				stream: Readable.from([Buffer.from('a dump')], { objectMode: false }),
				finished: Promise.resolve(facts),
			});
		const { path } = await core.createArtifact(request, open, signal);
		return [basename(path)];
	},
	async 'a prune'({ root }) {
		const verdicts = await core.planPrune({ root, timeZone, ...pruning });
		for (const verdict of verdicts) await core.carryOut(verdict, { dryRun: false });
		return [];
	},
	async 'a verification'({ root }) {
		const [newest] = (await core.readCatalog({ root, timeZone })).sort(core.newestFirst);
		const record = { at: new Date().toISOString(), result: 'passed' as const, findings: ['size: passed.'] };
		await core.recordChecks(newest!.path, 'verification', record);
		return [];
	},
	async 'a verification of an old one'({ root }) {
		const entries = (await core.readCatalog({ root, timeZone })).sort(core.newestFirst);
		const record = { at: new Date().toISOString(), result: 'passed' as const, findings: ['size: passed.'] };
		await core.recordChecks(entries.at(-1)!.path, 'drill', record);
		return [];
	},
	async 'a copy'({ root, place }) {
		await using destination = await core.openDestination({ kind: 'directory', path: place, root }, signal);
		const outcomes = await core.copyBackups({ root, timeZone, destination }, signal);
		for (const { error } of outcomes) if (error) throw error as Error;
		return [];
	},
	async 'a prune of copies'({ root, place }) {
		await using destination = await core.openDestination({ kind: 'directory', path: place, root }, signal);
		const verdicts = await core.planPruneAt({ destination, timeZone, ...pruning }, signal);
		for (const verdict of verdicts)
			await core.carryOutAt(verdict, { destination, root, dryRun: false }, signal);
		return [];
	},
	async 'a fetch'({ root, place }) {
		await using destination = await core.openDestination({ kind: 'directory', path: place }, signal);
		const entries = (await core.readRemoteCatalog({ destination, timeZone }, signal)).sort(core.newestFirst);
		const oldest: CatalogEntry | undefined = entries.at(-1);
		if (oldest) await core.fetchBackup({ destination, entry: oldest, root }, signal);
		return [];
	},
});
const ourRuns = runsOf(load());
let theirRuns = ourRuns;
jest.isolateModules(() => (theirRuns = runsOf(load())));
const names = Object.keys(ourRuns);

const pruning = {
	policy: { keepLast: 1, keepDays: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
	includeUnproven: false,
	failedComponents: [],
	now: new Date('2026-11-26T02:00:00Z'),
};

/** What one of two may say: the other one was there before it. */
const isBeaten =
	/changed while old (backups|copies) were being pruned|was deleted while backups were being copied|was sent, and is not there|is already there|was removed or replaced while it was being written|does not exist/;

type Call = (...given: unknown[]) => Promise<unknown>;

const looking = ['lstat', 'readdir', 'readFile', 'stat'];
const changing = ['open', 'link', 'mkdir', 'rename', 'rm', 'unlink'];

/**
 * Something else happens before the n-th call of `node:fs/promises`. Of calls that only look, those count that come
 * behind a change or a list: what happens before the others might as well have happened before the next one.
 */
function beforeCall(due: number, happens: () => Promise<void>): { calls(): number; end(): void } {
	let calls = 0;
	let isWatched = true;
	let isNew = true;
	const module = fileSystem as unknown as Record<string, Call>;
	const originals = new Map([...looking, ...changing].map((name) => [name, module[name]!]));
	for (const [name, original] of originals) {
		module[name] = async (...given) => {
			if (!isWatched) return await original(...given);
			const counts = isNew || changing.includes(name);
			isNew = changing.includes(name) || name === 'readdir';
			if (counts && ++calls === due) {
				isWatched = false;
				await happens();
				isWatched = true;
			}
			return await original(...given);
		};
	}
	return {
		calls: () => calls,
		end() {
			isWatched = false;
			for (const [name, original] of originals) module[name] = original;
		},
	};
}

async function groundFor(name: string): Promise<Ground> {
	const [root, place] = [directory.path(name), directory.path(`${name}-copies`)];
	await fileSystem.mkdir(root, { mode: 0o700 });
	await fileSystem.mkdir(place, { mode: 0o700 });
	for (const stamp of old) {
		await writeBackup(root, { stamp });
		if (stamp !== old[1]) await writeBackup(place, { stamp });
	}
	return { root, place };
}

async function outcomeOf(name: string, run: Promise<Made>): Promise<Made> {
	try {
		return await run;
	} catch (error) {
		const isExcuse = error instanceof Error && error.name === 'BackupError' && isBeaten.test(error.message);
		// Nobody is in a backup's way.
		if (!isExcuse || name === 'a backup') throw error;
		return [];
	}
}

describe.each(names)('In one directory, %s', (name) => {
	it.each(names)(
		'loses nothing, and leaves nothing half, when all of %s comes before any of its calls',
		async (other) => {
			for (let due = 1, isOver = false; !isOver; due++) {
				const at = `call ${due}`;
				const ground = await groundFor(`${names.indexOf(name)}-${names.indexOf(other)}-${due}`);
				let theirs: Made = [];
				const watch = beforeCall(due, async () => {
					theirs = await outcomeOf(other, theirRuns[other]!(ground));
				});
				let ours: Made;
				try {
					ours = await outcomeOf(name, ourRuns[name]!(ground));
				} finally {
					watch.end();
				}
				isOver = watch.calls() < due;
				if (isOver) expect(due).toBeGreaterThan(5);

				const here = await directoryState(join(ground.root, 'postgres'));
				const there = await directoryState(join(ground.place, 'postgres'));
				const unfinished = { completable: [], broken: [], partial: [] };
				expect({ at, ...here }).toMatchObject({ at, ...unfinished });
				expect({ at, ...there }).toMatchObject({ at, ...unfinished });
				const made = [...ours, ...theirs];
				// What was the newest before may only go where there is a newer one.
				const newest = `n8n_${old.at(-1)!}.sql.gz`;
				expect(here.complete).toEqual(expect.arrayContaining(made.length > 0 ? made : [newest]));
				expect(there.complete.length).toBeGreaterThan(0);
			}
		},
	);
});
