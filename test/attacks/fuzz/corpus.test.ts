import { readCorpus } from '../../../attacks/fuzz/corpus.ts';
import { readAlike } from '../../../attacks/fuzz/fuzzed.ts';
import { targets } from '../../../attacks/fuzz/targets.ts';
import { Random } from '../../../lab/random.ts';

const cuts = 40;

// Files of the formats' own programs, and what a run of the attack once found.
test.each(targets.map((target) => [target.name, target] as const))(
	'every kept file of %s is read alike, however it is cut',
	async (_name, target) => {
		for (const { name, bytes } of await readCorpus(target.name)) {
			for (let seed = 0; seed < cuts; seed += 1) await readAlike(target, bytes, new Random(seed), name);
		}
	},
);

test('the files of the formats’ own programs are read, not refused', async () => {
	const made = [
		'dump.sql',
		'gnu.tar',
		'types.rdb',
		'volume',
		'replies',
		'counted',
		'seekable.zst',
		'small.age',
	];
	const outcomes = await Promise.all(
		targets.map(async (target, at) => {
			const kept = (await readCorpus(target.name)).find(({ name }) => name === made[at]);
			const cut = { ...kept!, bytes: kept!.bytes.subarray(0, kept!.bytes.length - 20) };
			const read = async (bytes: Buffer) => await target.read([bytes]).catch((error: Error) => error.name);
			return [await read(kept!.bytes), (await read(kept!.bytes)) !== (await read(cut.bytes))];
		}),
	);
	for (const [whole, isOther] of outcomes) {
		expect(whole).not.toMatch(/^(?:damaged|BackupError)$/);
		expect(isOther).toBe(true);
	}
});
