import fc from 'fast-check';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../lab/random.ts';
import { backupName, writeBackups } from '../crash/writeBackups.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { planRetention, readCatalog } from '../harness/package.ts';

/** Manifests that nobody wrote who means well, or that a disk has made of good ones. */
export const hostileManifests: Attack[] = [
	{
		promise: 'kept',
		fault:
			'manifests with fields of other types, of other backups, of other versions, and with nonsense in them',
		faults: { whole: 5000, short: 100 },
		open: async (scratch) => await open(scratch),
	},
];

const nights = 4;
/** The one whose manifest is changed: old enough to go. */
const victim = backupName(3);

async function open(scratch: string): Promise<Arena> {
	const root = join(scratch, 'backups');
	await writeBackups(root, nights);
	const manifestPath = join(root, 'env', `${victim}.manifest.json`);
	const good = JSON.parse(await readFile(manifestPath, 'utf8')) as Record<string, unknown>;
	return {
		async strike(random: Random) {
			const text = hostileManifest(good, random);
			await rm(manifestPath);
			await writeFile(manifestPath, text);
			const entries = await readCatalog({ root, timeZone: 'utc' });
			const entry = entries.find(({ name }) => name === victim);
			assertKept(entry !== undefined, 'A backup with a strange manifest is not listed');
			assertKept(entries.length === nights, 'Because of a strange manifest others are not listed');
			assertKept(({} as { polluted?: unknown }).polluted === undefined, 'Objects have a new property');
			const verdicts = planRetention(entries, {
				policy: { keepLast: 1, keepDays: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
				now: new Date('2026-12-24T00:00:00Z'),
				timeZone: 'utc',
				includeUnproven: false,
				failedComponents: [],
			});
			const verdict = verdicts.find((one) => one.entry === entry);
			const isSafe = verdict?.action === 'keep' || isReadable(text);
			assertKept(isSafe, `What cannot be judged is deleted: ${text.slice(0, 300)}`);
			return true;
		},
		[Symbol.asyncDispose]: async () => await rm(root, { recursive: true, force: true }),
	};
}

/** Whether it says what a manifest of any version has to say, of that file. */
function isReadable(text: string): boolean {
	try {
		const manifest = JSON.parse(text) as Record<string, unknown>;
		const { schemaVersion } = manifest;
		const isVersion = Number.isInteger(schemaVersion) && Number(schemaVersion) > 0;
		return isVersion && manifest.component === 'env' && manifest.artifact === victim;
	} catch {
		return false;
	}
}

const nonsense = fc.jsonValue({ maxDepth: 4 });

function hostileManifest(good: Record<string, unknown>, random: Random): string {
	const [value] = fc.sample(nonsense, { seed: random.bits() | 0, numRuns: 1 });
	const field = random.pick(Object.keys(good));
	const text = JSON.stringify(good);
	const changes: Array<() => string> = [
		() => JSON.stringify({ ...good, [field]: value }),
		() => JSON.stringify({ ...good, [field]: value }),
		() => JSON.stringify(Object.fromEntries(Object.entries(good).filter(([name]) => name !== field))),
		() => JSON.stringify({ ...good, [`${field}More`]: value }),
		() => JSON.stringify(value),
		() => text.slice(0, random.below(text.length)),
		() => text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},'),
		() => JSON.stringify({ ...good, artifact: random.pick(['../../etc/passwd', '', 'env', backupName(0)]) }),
		() => JSON.stringify({ ...good, schemaVersion: random.pick([0, 2, -1, 1.5, '1', null, 1e308]) }),
		() => `${'['.repeat(1 + random.below(50_000))}${text}`,
		() => Buffer.from(text).fill(random.below(256), random.below(text.length)).toString('latin1'),
		() => `${text}${text}`,
		() => JSON.stringify({ ...good, warnings: Array.from({ length: 20_000 }, () => 'x'.repeat(50)) }),
	];
	return random.pick(changes)();
}
