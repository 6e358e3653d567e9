import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyBackups, type Destination } from '../../../core/offsite';
import { openDirectory } from '../../../core/offsite/directory/directoryDestination';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();

it.each([
	['before it is read', 'sweep'],
	['while it is read', 'put'],
] as const)(
	'a backup that a prune takes away %s is named as deleted, and keeps no other',
	async (_when, call) => {
		const root = directory.path(call);
		const place = directory.path(`${call}-copies`);
		await Promise.all([mkdir(root), mkdir(place)]);
		const old = await writeBackup(root, { stamp: '20250101_020000' });
		await writeBackup(root, { stamp: '20250102_020000' });
		const real = await openDirectory(place, root);
		const prune = async () =>
			await Promise.all(['', '.manifest.json'].map(async (end) => await rm(old + end, { force: true })));
		const destination: Destination = {
			place: real.place,
			list: async (component, signal) => await real.list(component, signal),
			head: async (name, signal) => await real.head(name, signal),
			get: (name, signal) => real.get(name, signal),
			delete: async (name, signal) => await real.delete(name, signal),
			async put(name, content, signal) {
				if (call === 'put' && name.includes('20250101')) await prune();
				await real.put(name, content, signal);
			},
			async sweep(component, signal) {
				if (call === 'sweep') await prune();
				await real.sweep(component, signal);
			},
			[Symbol.asyncDispose]: async () => await real[Symbol.asyncDispose](),
		};

		const outcomes = await copyBackups({ destination, root, timeZone: 'utc' }, new AbortController().signal);

		expect(outcomes.map(({ outcome }) => outcome)).toEqual(['copied', 'failed']);
		expect(outcomes[1]!.error).toMatchObject({
			code: 'not-found',
			message: `${old} was deleted while backups were being copied. See what else deletes backups there at that time, then run it again.`,
		});
		expect(await readdir(join(place, 'postgres'))).toEqual([
			'n8n_20250102_020000.sql.gz',
			'n8n_20250102_020000.sql.gz.manifest.json',
		]);
	},
);
