import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Mark, markedPassword, Search } from '../../../attacks/secrets/marks.ts';
import { Traces } from '../../../attacks/secrets/traces.ts';

const mark = markedPassword('the password');
const { secret } = mark;

/** As programs write a secret down. */
const written: Record<string, string> = {
	'as it is': `user=me password=${secret}`,
	'in JSON': JSON.stringify({ password: secret }),
	'in a URL': `https://me:${encodeURIComponent(secret)}@db/`,
	'in a query': new URLSearchParams({ secret }).toString(),
	'in hex': Buffer.from(secret).toString('hex'),
	'in hex, large': Buffer.from(secret).toString('hex').toUpperCase(),
	'in base64': Buffer.from(secret).toString('base64'),
	'in base64, behind a user': Buffer.from(`me:${secret}`).toString('base64'),
	'in base64, behind a longer user': Buffer.from(`mee:${secret}`).toString('base64'),
	'in base64, behind the longest user': Buffer.from(`meee:${secret}`).toString('base64url'),
	'its first half': secret.slice(0, secret.length / 2),
	'its last half': secret.slice(secret.length / 2),
};

describe('the search for secrets', () => {
	test.each(Object.entries(written))('sees a password in a process %s', (_how, text) => {
		expect(new Search([mark]).in(`before ${text} after`)).not.toEqual([]);
	});

	test('sees nothing where there is nothing', () => {
		const other: Mark = markedPassword('another');
		expect(new Search([mark]).in(Object.values(other).join())).toEqual([]);
	});

	describe('in files', () => {
		let home = '';
		beforeEach(async () => {
			home = await mkdtemp(join(tmpdir(), 'n8n-backup-marks-'));
			for (const name of ['scratch', 'searched']) await mkdir(join(home, name));
		});
		afterEach(async () => await rm(home, { recursive: true, force: true }));
		const found = async (traces: Traces, texts = {}) => await traces.found([join(home, 'searched')], texts);
		const traces = () => new Traces(new Search([mark]), join(home, 'scratch'));

		test.each(Object.entries(written))(
			'sees a password %s, in a file, compressed, and in a text',
			async (_how, text) => {
				await writeFile(join(home, 'searched', '.plain'), `\0\n${text}`);
				await writeFile(join(home, 'searched', 'a name.gz'), gzipSync(text));
				const all = await found(traces(), { 'the rows': text });
				for (const where of [/ in .*\.plain$/, / in .*a name\.gz$/, / in the rows$/])
					expect(all).toContainEqual(expect.stringMatching(where));
			},
		);

		test('says of each only once that it is there', async () => {
			const searched = traces();
			await writeFile(join(home, 'searched', 'log'), 'nothing');
			expect(await found(searched)).toEqual([]);
			await writeFile(join(home, 'searched', 'log'), secret);
			expect(await found(searched)).not.toEqual([]);
			expect(await found(searched)).toEqual([]);
			await writeFile(join(home, 'searched', 'log'), `${secret}\n${secret}`);
			expect(await found(searched)).not.toEqual([]);
		});
	});
});
