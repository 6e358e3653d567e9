import { mkdir, readFile, rm } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { copyBackups, fetchBackup, readRemoteCatalog, verifyCopy } from '../../../core/offsite';
import { ageDecrypt, ageKeygen } from '../../support/age';
import { dumpText, makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { patience, testServers } from './support/testServers';

jest.setTimeout(240_000);

const directory = temporaryDirectory();

describe('What is encrypted', () => {
	it('comes back from the bucket as it was, and age opens it with the identity that is all that was left', async () => {
		const { identity, recipient } = ageKeygen();
		const root = directory.path('backups');
		await mkdir(root, { mode: 0o700 });
		const made = await makeBackups(root, 'gzip', { recipients: [recipient] });
		const stored = await Promise.all(Object.values(made).map(async ({ path }) => await readFile(path)));
		const server = await testServers['OpenStack Swift’s S3']!();
		await using destination = await server.open();
		try {
			const copied = await copyBackups({ destination, root, timeZone: 'utc' }, patience());
			expect(copied.map(({ outcome }) => outcome)).toEqual(['copied', 'copied', 'copied', 'copied']);
			await rm(root, { recursive: true });
			await mkdir(root, { mode: 0o700 });

			for (const entry of await readRemoteCatalog({ destination, timeZone: 'utc' }, patience())) {
				expect(entry.manifest?.encryption).toEqual({
					format: 'age',
					recipients: [`${recipient.slice(0, 16)}…`],
				});
				// Nobody needs a key to say that a copy is whole.
				await expect(verifyCopy({ destination, entry }, patience())).resolves.toMatchObject({
					result: 'passed',
				});
				await fetchBackup({ destination, entry, root }, patience());
			}
			const back = await Promise.all(Object.values(made).map(async ({ path }) => await readFile(path)));
			expect(back).toEqual(stored);
			expect(back.map((bytes) => bytes.includes(identity))).toEqual([false, false, false, false]);
			const env = await ageDecrypt(made.env.path, identity);
			expect(env.toString()).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
			expect(gunzipSync(await ageDecrypt(made.postgres.path, identity)).toString()).toBe(dumpText);
		} finally {
			await server.stop();
		}
	});
});
