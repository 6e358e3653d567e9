import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import {
	type Artifact,
	type Component,
	components,
	createArtifact,
	manifestPath,
	readManifest,
} from '../../../core/artifact';
import type { DecryptionKeys } from '../../../core/encryption';
import { verifyBackup } from '../../../core/verify/verifyBackup';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { ageKeygen } from '../../support/age';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const signal = new AbortController().signal;
const { identity, recipient } = ageKeygen();
const keys: DecryptionKeys = { identities: [identity] };

let home: string;
let made: Record<Component, Artifact>;
/** An archive of several chunks. */
let large: Artifact;

beforeAll(async () => {
	home = await mkdtemp(join(tmpdir(), 'n8n-backup-verify-'));
	const root = join(home, 'backups');
	await mkdir(root);
	made = await makeBackups(root, 'gzip', { recipients: [recipient] });
	const tree = join(home, 'tree');
	await mkdir(tree);
	await writeFile(join(tree, 'noise'), randomBytes(300_000));
	large = await createArtifact(
		{
			root,
			component: 'n8n',
			prefix: 'large',
			extension: 'tar',
			compression: { method: 'zstd' },
			encryption: { recipients: [recipient] },
			timeZone: 'utc',
			step: 'Archiving',
		},
		archiveDirectory({ directory: tree }),
		signal,
	);
});

afterAll(async () => {
	await rm(home, { recursive: true, force: true });
});

async function copyOf({ path }: Artifact): Promise<string> {
	await mkdir(directory.path(basename(dirname(path))), { recursive: true });
	const copy = directory.path(basename(dirname(path)), basename(path));
	await copyFile(path, copy);
	await copyFile(manifestPath(path), manifestPath(copy));
	return copy;
}

/** What each check said, by its name. */
async function verify(path: string, withKeys?: DecryptionKeys) {
	const report = await verifyBackup({ path, keys: withKeys }, signal);
	return {
		...report,
		said: Object.fromEntries(report.checks.map(({ check, result }) => [check, result])),
		details: Object.fromEntries(report.checks.map(({ check, detail }) => [check, detail])),
	};
}

describe('an encrypted backup', () => {
	it.each(components)('of %s is proven to its last byte with the identity', async (component) => {
		const path = await copyOf(made[component]);

		const { result, said, rawBytes } = await verify(path, keys);

		expect({ result, said }).toMatchObject({
			result: 'passed',
			said: { size: 'passed', sha256: 'passed', encryption: 'passed', compression: 'passed' },
		});
		expect(Object.values(said)).not.toContain('unknown');
		expect(rawBytes).toBe(made[component].manifest.rawBytes);
	});

	it.each(components)(
		'of %s is proven in size, hash and form without it, and its content is unknown',
		async (component) => {
			const path = await copyOf(made[component]);

			const { result, said, details, rawBytes } = await verify(path);

			expect(result).toBe('passed');
			expect(said).toEqual({
				manifest: 'passed',
				size: 'passed',
				sha256: 'passed',
				encryption: 'passed',
				content: 'unknown',
			});
			expect(details.content).toBe(
				`It is encrypted for ${recipient.slice(0, 16)}…, and no key was given here that opens it: what is inside cannot be looked at.`,
			);
			expect(rawBytes).toBeUndefined();
			await expect(readManifest(path)).resolves.toMatchObject({
				verification: {
					result: 'passed',
					findings: expect.arrayContaining([expect.stringMatching(/^content: unknown/)]),
				},
			});
		},
	);

	it('is no judgement of the backup when the identity is another one’s', async () => {
		const path = await copyOf(made.postgres);

		await expect(verify(path, { identities: [ageKeygen().identity] })).rejects.toMatchObject({
			code: 'auth',
			message: `${path} is encrypted for another key. Give the identity of one of the recipients that its manifest names, or the right passphrase.`,
		});
		expect((await readManifest(path)).verification).toBeUndefined();
	});

	it('is told from its first bytes where its name does not say so', async () => {
		const path = await copyOf(made.postgres);
		const renamed = path.replace(/\.age$/, '');
		await copyFile(path, renamed);

		expect((await verify(renamed, keys)).said).toMatchObject({ encryption: 'passed', content: 'passed' });
		expect((await verify(renamed)).said).toMatchObject({ encryption: 'passed', content: 'unknown' });
	});
});

describe('an encrypted backup that is not as it was written', () => {
	const chunk = 64 * 1024 + 16;
	/** Where the header ends and the nonce begins. */
	const headerBytes = (file: Buffer) => file.indexOf('\n--- ') + 5 + 44;

	const flip = (at: (file: Buffer) => number) => (file: Buffer) => {
		const flipped = Buffer.from(file);
		flipped[at(file)]! ^= 1;
		return flipped;
	};
	const first = 'The file does not begin as an encrypted backup does.';
	const header = 'The header of the encrypted file is not what was written.';
	const cut = 'The encrypted file is cut off.';
	const chunkIs = (index: number) =>
		`The encrypted file was changed or cut off: chunk ${index} is not what was written.`;

	type Damage = [what: string, (file: Buffer) => Buffer, withKey: string, withoutKey?: string];
	/** What was done to it, what verify says with the identity, and what of the form without it. */
	/** Another letter of base64: one bit more may be none. */
	const changeLetter = (at: (file: Buffer) => number) => (file: Buffer) => {
		const changed = Buffer.from(file);
		changed.write(changed.toString('latin1', at(file), at(file) + 1) === 'A' ? 'B' : 'A', at(file));
		return changed;
	};
	const damages: Damage[] = [
		['flipped in its first line', flip(() => 3), first, first],
		['changed in the header’s MAC', changeLetter((file) => headerBytes(file) - 5), header],
		['flipped in the nonce', flip((file) => headerBytes(file) + 3), chunkIs(1)],
		...[0, 1, 2, 3].map((index): Damage => [
			`flipped in chunk ${index + 1}`,
			flip((file) => headerBytes(file) + 16 + index * chunk + 100),
			chunkIs(index + 1),
		]),
		['flipped in its last byte', flip((file) => file.length - 1), chunkIs(5)],
		['cut within the header', (file) => file.subarray(0, headerBytes(file) - 10), cut, cut],
		['cut behind the header', (file) => file.subarray(0, headerBytes(file)), cut, cut],
		['cut between two chunks', (file) => file.subarray(0, headerBytes(file) + 16 + 2 * chunk), chunkIs(2)],
		['cut within a chunk', (file) => file.subarray(0, headerBytes(file) + 16 + 2 * chunk + 999), chunkIs(3)],
		['cut within a tag', (file) => file.subarray(0, headerBytes(file) + 16 + 2 * chunk + 9), cut, cut],
		['longer than it was', (file) => Buffer.concat([file, Buffer.alloc(40)]), chunkIs(5)],
		['replaced by another file', () => Buffer.from('-- PostgreSQL database dump\n'.repeat(10)), first, first],
	];

	it.each(damages.map((damage) => ({ what: damage[0], damage })))(
		'$what, fails and says how',
		async ({ damage: [, damage, withKey, withoutKey] }) => {
			const path = await copyOf(large);
			const file = await readFile(path);
			expect(file.length).toBeGreaterThan(headerBytes(file) + 16 + 4 * chunk);
			await writeFile(path, damage(file));

			const opened = await verify(path, keys);
			expect(opened).toMatchObject({ result: 'failed', said: { sha256: 'failed', encryption: 'failed' } });
			expect(opened.details.encryption).toBe(withKey);

			const sealed = await verify(path);
			expect(sealed).toMatchObject({ result: 'failed', said: { sha256: 'failed' } });
			if (withoutKey !== undefined) expect(sealed.details.encryption).toBe(withoutKey);
			else expect(sealed.said).toMatchObject({ encryption: 'passed', content: 'unknown' });
		},
	);

	it('flipped in what is wrapped for the recipient, is found by its hash although no key opens it', async () => {
		const path = await copyOf(large);
		const inFileKey = (file: Buffer) => file.indexOf('\n', file.indexOf('-> X25519 ')) + 10;
		await writeFile(path, flip(inFileKey)(await readFile(path)));

		for (const withKeys of [keys, undefined]) {
			const { result, said } = await verify(path, withKeys);
			expect(result).toBe('failed');
			expect(said).toMatchObject({ sha256: 'failed' });
		}
	});

	it('exchanged for another encrypted one, is found by its hash', async () => {
		const path = await copyOf(made.n8n);
		await copyFile(large.path, path);

		const { result, said } = await verify(path, keys);

		expect({ result, said }).toMatchObject({ result: 'failed', said: { size: 'failed', sha256: 'failed' } });
	});
});
