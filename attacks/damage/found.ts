import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../core/artifact/index.ts';
import type { Random } from '../../lab/random.ts';
import { type Attack, assertKept, Lost } from '../harness/attack.ts';
import { verifyBackup } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { contentOf } from '../judges/contentOf.ts';
import { damage } from './damage.ts';
import { makeVictims, type Victim } from './victims.ts';

const manifestSuffix = '.manifest.json';

/** Good backups that are damaged: as restic does it, the other way round. */
export const foundDamage: Attack[] = [
	{
		promise: 'found',
		fault: 'bits flipped, pieces cut, doubled, swapped and spliced in backups',
		faults: { whole: 20_000, short: 150 },
		open: async (scratch) => await open(scratch, keepManifest),
	},
	{
		promise: 'found',
		fault: 'the same, with size and SHA-256 of the manifest made to fit',
		faults: { whole: 20_000, short: 150 },
		open: async (scratch) => await open(scratch, forgeManifest),
	},
];

type MakeManifest = (manifest: Manifest, damaged: Buffer) => Manifest;

const keepManifest: MakeManifest = (manifest) => manifest;

const forgeManifest: MakeManifest = (manifest, damaged) => ({
	...manifest,
	storedBytes: damaged.length,
	sha256: createHash('sha256').update(damaged).digest('hex'),
});

/** Every fault is tried on a file of the same name, in a directory of its own. */
async function open(scratch: string, makeManifest: MakeManifest) {
	const { backups, identity, identityFile } = await makeVictims(scratch);
	const victims = makeManifest === keepManifest ? backups : backups.filter(({ isChecked }) => isChecked);
	for (const victim of victims) await assertPasses(join(scratch, 'damaged'), victim, identity);
	return {
		async strike(random: Random) {
			const victim = random.pick(victims);
			const other = random.pick(backups.filter((one) => one !== victim));
			const damaged = damage(victim.bytes, other.bytes, random);
			if (damaged.equals(victim.bytes)) return false;
			// Another whole backup of the same, with a manifest that says so, is a good one.
			if (makeManifest === forgeManifest && damaged.equals(other.bytes)) return false;
			const path = await place(join(scratch, 'damaged'), victim, damaged, makeManifest);
			const result = await judge(path, identity);
			if (result === 'failed') return true;
			// Not all bytes of these formats mean anything.
			const [found, expected] = [await contentOf(path, identityFile), victim.bytes];
			await writeFile(path, expected);
			const original = await contentOf(path, identityFile);
			if (found !== undefined && original?.equals(found)) return false;
			throw new Lost(`${victim.name} is ${result} though it is damaged`);
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

/** Who blames every backup finds all damage, too. */
async function assertPasses(root: string, victim: Victim, identity: string): Promise<void> {
	const path = await place(root, victim, victim.bytes, keepManifest);
	const result = await judge(path, identity);
	assertKept(result === 'passed', `${victim.name} is ${result} though it is as it was made`);
}

async function place(
	root: string,
	{ component, name, manifest }: Victim,
	damaged: Buffer,
	makeManifest: MakeManifest,
): Promise<string> {
	const directory = join(root, component);
	await rm(root, { recursive: true, force: true });
	await mkdir(directory, { recursive: true });
	const path = join(directory, name);
	await writeFile(path, damaged);
	await writeFile(`${path}${manifestSuffix}`, JSON.stringify(makeManifest(manifest, damaged)));
	return path;
}

/** A refusal to judge it at all is found damage, too. */
async function judge(path: string, identity: string): Promise<string> {
	try {
		const keys = { identities: [identity] };
		const { result } = await verifyBackup({ path, keys, record: false }, new AbortController().signal);
		return result;
	} catch (error) {
		assertKept(isForPeople(error), `It fails: ${String(error)}`);
		return 'failed';
	}
}
