import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Artifact, type Component, createArtifact, manifestPath } from '../../core/artifact';
import { copyFile as copyOneFile } from '../../core/volume/copyFile';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { ageDecrypt, ageKeygen, ageWithPassphrase } from '../support/age';
import { startCommand } from '../../lab/command';
import { dumpText, makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
const { identity, recipient } = ageKeygen();
const other = ageKeygen();

let home: string;
let made: Record<Component, Artifact>;
/** An archive of several chunks. */
let large: Artifact;

beforeAll(async () => {
	home = await mkdtemp(join(tmpdir(), 'n8n-backup-cli-'));
	const root = join(home, 'backups');
	await mkdir(root);
	const encryption = { recipients: [recipient] };
	made = await makeBackups(root, 'gzip', encryption);
	await mkdir(join(home, 'tree'));
	await writeFile(join(home, 'tree', 'noise'), randomBytes(300_000));
	large = await createArtifact(
		{
			...{ root, component: 'n8n', prefix: 'large', extension: 'tar', encryption },
			...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'Archiving' },
		},
		archiveDirectory({ directory: join(home, 'tree') }),
		new AbortController().signal,
	);
});

afterAll(async () => {
	await rm(home, { recursive: true, force: true });
});

beforeEach(async () => {
	await writeFile(directory.path('key.txt'), `# public key: ${recipient}\n${identity}\n`, { mode: 0o600 });
	await writeFile(directory.path('other.txt'), `${other.identity}\n`, { mode: 0o600 });
});

async function copyOf({ path }: Artifact): Promise<string> {
	const copy = directory.path('backups', basename(dirname(path)), basename(path));
	await mkdir(dirname(copy), { recursive: true });
	await copyFile(path, copy);
	await copyFile(manifestPath(path), manifestPath(copy));
	return copy;
}

const withKey = (name = 'key.txt') => ['--identity', directory.path(name)];

describe('n8n-backup keygen', () => {
	it('prints a pair of keys that age takes, and what losing the identity means', async () => {
		const { exitCode, stdout, stderr } = await runCommand(['keygen']);

		expect(exitCode).toBe(0);
		const [, printed] = /# public key: (age1\S+)\nAGE-SECRET-KEY-1\S+\n$/.exec(stdout)!;
		expect(execFileSync('age-keygen', ['-y'], { input: stdout, encoding: 'utf8' }).trim()).toBe(printed);
		expect(stderr).toMatch(new RegExp(`^Public key: ${printed}\n`));
		expect(stderr).toContain('without it nobody ever does, and nobody can make it again');
		expect(stderr).not.toContain('AGE-SECRET-KEY-');
	});

	it('makes another pair each time, for programs as JSON', async () => {
		const [one, two] = await Promise.all([
			runCommand(['keygen', '--json']),
			runCommand(['keygen', '--json']),
		]);

		expect(JSON.parse(one.stdout)).toEqual({
			identity: expect.stringMatching(/^AGE-SECRET-KEY-1/),
			recipient: expect.stringMatching(/^age1/),
		});
		expect(one.stdout).not.toBe(two.stdout);
	});
});

describe('n8n-backup verify of encrypted backups', () => {
	it('proves all that is in them with --identity', async () => {
		const args = ['verify', '--all', '-d', dirname(dirname(made.postgres.path)), '--no-record', ...withKey()];

		const { exitCode, stdout } = await runCommand(args);

		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/✓ +encryption +Every chunk is as it was encrypted\./);
		expect(stdout).toMatch(/✓ +rows +2 rows in 1 tables/);
		expect(stdout).toMatch(/5 of 5 backups passed/);
	});

	it('says without one that the content is unknown, which is no failure', async () => {
		const { exitCode, stdout } = await runCommand(['verify', await copyOf(made.postgres)]);

		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/✓ +sha256 +Every stored byte is as it was written\./);
		expect(stdout).toMatch(/\? +content +It is encrypted for age1\S+…, and no key was given here/);
	});

	it.each([
		['identity', () => identity, /✓ +rows/],
		['nothing', () => '', /\? +content/],
	])('asks a person who sits there, who types %s', async (_what, typed, expected) => {
		const path = await copyOf(made.postgres);

		const { exitCode, stdout, stderr } = await runCommand(['verify', path], { typed: [typed()] });

		expect(exitCode).toBe(0);
		expect(stderr).toContain(
			`Identity (AGE-SECRET-KEY-1…) or passphrase of ${basename(path)} (empty for none): `,
		);
		expect(stdout).toMatch(expected);
		expect(stdout + stderr).not.toContain(identity);
	});

	it('ends with 1 and judges nothing with somebody else’s identity', async () => {
		const path = await copyOf(made.postgres);

		const { exitCode, stderr } = await runCommand(['verify', path, ...withKey('other.txt')]);

		expect([exitCode, stderr]).toEqual([
			1,
			`✗ ${path} is encrypted for another key.\n` +
				'  Give the identity of one of the recipients that its manifest names, or the right passphrase.\n',
		]);
	});

	it.each<[string, string[]]>([
		['binary', []],
		['armored', ['-a']],
	])('reads with a key file that age has locked with a passphrase: %s', async (_, armored) => {
		const locked = directory.path('locked.age');
		const args = ['-p', ...armored, '-o', locked, directory.path('key.txt')];
		ageWithPassphrase(args, 'correct horse battery');
		const verify = ['verify', await copyOf(made.postgres), '--identity', locked];

		const asked = await runCommand(verify, { typed: ['correct horse battery'] });
		expect(asked.stderr).toContain(`Passphrase of ${locked}: `);
		expect(asked.stdout).toMatch(/✓ +rows/);

		const env = { N8N_BACKUP_IDENTITY_PASSPHRASE: 'correct horse battery' };
		expect((await runCommand(verify, { env })).stdout).toMatch(/✓ +rows/);

		const wrong = await runCommand(verify, { typed: ['wrong horse'] });
		expect([wrong.exitCode, wrong.stderr]).toEqual([
			1,
			expect.stringContaining(`✗ The passphrase does not open ${locked}.\n`),
		]);
		expect((await runCommand(verify)).stderr).toBe(
			`✗ ${locked} is locked with a passphrase.\n` +
				'  Run it where you can be asked for it, or set N8N_BACKUP_IDENTITY_PASSPHRASE.\n',
		);
		for (const { stdout, stderr } of [asked, wrong]) {
			expect(stdout + stderr).not.toMatch(/horse|AGE-SECRET-KEY/);
		}
	});

	it('does not repeat what is no identity', async () => {
		await writeFile(directory.path('bad.txt'), `${identity.slice(0, -3)}\n`);

		const { exitCode, stderr } = await runCommand(['verify', await copyOf(made.env), ...withKey('bad.txt')]);

		expect([exitCode, stderr]).toEqual([
			2,
			'✗ The age identity cannot be read.\n' +
				'  Give the private key, which begins with AGE-SECRET-KEY-1, as it was printed.\n',
		]);
	});
});

describe('n8n-backup restore of encrypted backups', () => {
	it('brings back a directory and a file', async () => {
		const volume = ['restore', 'volume', await copyOf(made.n8n), '--to', directory.path('new')];
		const file = ['restore', 'file', await copyOf(made.env), '--to', directory.path('new.env')];

		expect((await runCommand([...volume, ...withKey()])).exitCode).toBe(0);
		expect((await runCommand([...file, ...withKey()])).exitCode).toBe(0);

		expect(await readFile(directory.path('new', 'config'), 'utf8')).toBe('{"encryptionKey":"of-the-test"}');
		expect(await readFile(directory.path('new.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
	});

	it('does so with a passphrase that is typed', async () => {
		await mkdir(directory.path('backups'));
		const encryption = { recipients: [], passphrase: 'correct horse battery' };
		const { env } = await makeBackups(directory.path('backups'), 'gzip', encryption);
		const args = ['restore', 'file', env.path, '--to', directory.path('new.env')];

		const wrong = await runCommand(args, { typed: ['wrong horse'] });
		expect([wrong.exitCode, await readdir(directory.path())]).toEqual([
			1,
			expect.not.arrayContaining(['new.env']),
		]);
		expect((await runCommand(args, { typed: ['correct horse battery'] })).exitCode).toBe(0);

		expect(await readFile(directory.path('new.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
	});

	it('leaves a copy alone that was encrypted before it was backed up', async () => {
		const secret = directory.path('secret.age');
		const sealed = execFileSync('age', ['-r', other.recipient], { input: 'not for this n8n' });
		await writeFile(secret, sealed);
		await mkdir(directory.path('backups'));
		for (const encryption of [undefined, { recipients: [recipient] }]) {
			const { path } = await createArtifact(
				{
					...{ root: directory.path('backups'), component: 'env', prefix: 'secret', extension: 'backup' },
					...{ compression: { method: 'none' }, timeZone: 'utc', step: 'Copying', encryption },
				},
				copyOneFile({ path: secret }),
				new AbortController().signal,
			);
			const to = directory.path('restored');
			const { exitCode } = await runCommand([
				'restore',
				'file',
				path,
				'--overwrite',
				'--to',
				to,
				...withKey(),
			]);
			expect([exitCode, (await readFile(to)).equals(sealed)]).toEqual([0, true]);
		}
	});

	const chunk = 64 * 1024 + 16;
	const headerBytes = (file: Buffer) => file.indexOf('\n--- ') + 5 + 44;
	const flip = (at: (file: Buffer) => number) => (file: Buffer) => {
		const flipped = Buffer.from(file);
		flipped[at(file)]! ^= 1;
		return flipped;
	};
	const damages: Array<[string, (file: Buffer) => Buffer, RegExp]> = [
		['flipped in its first line', flip(() => 3), /does not begin as an encrypted backup does/],
		[
			'flipped in its header',
			flip((file) => headerBytes(file) - 5),
			/The header of the encrypted file is not/,
		],
		['flipped in its first chunk', flip((file) => headerBytes(file) + 99), /chunk 1 is not what was written/],
		['flipped in its last chunk', flip((file) => file.length - 99), /chunk 5 is not what was written/],
		[
			'cut between two chunks',
			(file) => file.subarray(0, headerBytes(file) + 16 + 3 * chunk),
			/chunk 3 is not/,
		],
		['cut to its header', (file) => file.subarray(0, headerBytes(file)), /The encrypted file is cut off/],
	];

	it.each(damages)('that is %s, ends with 3 and restores nothing', async (_what, damage, message) => {
		const path = await copyOf(large);
		await writeFile(path, damage(await readFile(path)));

		const args = ['restore', 'volume', path, '--to', directory.path('new'), ...withKey()];
		const { exitCode, stderr } = await runCommand(args);

		expect(exitCode).toBe(3);
		expect(stderr).toMatch(message);
		expect(stderr).toContain('Use another backup, or another copy of this one.');
		await expect(stat(directory.path('new'))).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it('that was exchanged for another one, ends with 3 and restores nothing', async () => {
		const path = await copyOf(made.n8n);
		await copyFile(large.path, path);

		const args = ['restore', 'volume', path, '--to', directory.path('new'), ...withKey()];
		const { exitCode, stderr } = await runCommand(args);

		expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/holds more than its manifest describes/)]);
		await expect(stat(directory.path('new'))).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it.each([
		['no identity', () => [], /is encrypted, and there is no key to read it with\.\n {2}Give the identity/],
		['somebody else’s identity', () => withKey('other.txt'), /\.age is encrypted for another key/],
	])('with %s, ends with 1 and restores nothing', async (_what, keys, message) => {
		for (const [kind, artifact] of [
			['volume', made.n8n],
			['file', made.env],
		] as const) {
			const args = ['restore', kind, await copyOf(artifact), '--to', directory.path('new'), ...keys()];
			const { exitCode, stderr } = await runCommand(args);
			expect([exitCode, stderr]).toEqual([1, expect.stringMatching(message)]);
			expect(await readdir(directory.path())).not.toContain('new');
		}
	});
});

describe('the identity', () => {
	/** What everybody on the machine, or the same user, can see of a process and its descendants. */
	async function visible(ancestor: number): Promise<string> {
		const seen: string[] = [];
		for (const pid of await descendants(ancestor)) {
			for (const file of ['cmdline', 'environ'])
				seen.push(await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''));
		}
		return seen.join('\n');
	}

	/** The process itself, and all that it and its threads have started. */
	async function descendants(pid: number): Promise<number[]> {
		const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
		const lists = threads.map(async (thread) => {
			const text = await readFile(`/proc/${pid}/task/${thread}/children`, 'latin1').catch(() => '');
			return text.split(' ').filter(Boolean).map(Number);
		});
		const children = (await Promise.all(lists)).flat();
		return [pid, ...(await Promise.all(children.map(descendants))).flat()];
	}

	it('proves a dump inside n8n, and is in no argument or environment of its process', async () => {
		const path = await copyOf(made.postgres);
		const { child, ended } = startCommand(['drill', path, ...withKey()]);
		let seen = '';
		let isRunning = true;
		void ended.finally(() => (isRunning = false));
		while (isRunning) {
			seen += await visible(child.pid!);
			await wait(20);
		}

		const { exitCode, stdout } = await ended;

		expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/: passed in/) });
		expect(seen).toContain('drillProcess.js');
		expect(seen).not.toContain(identity);
	});

	it('is no part of what threads are started with, which NODE_DEBUG prints', async () => {
		const args = ['restore', 'volume', await copyOf(made.n8n), '--to', directory.path('new'), ...withKey()];

		const { exitCode, stdout, stderr } = await startCommand(args, { NODE_DEBUG: 'worker' }).ended;

		expect(exitCode).toBe(0);
		expect(stderr).toContain('unpackWorker.js');
		expect(stdout + stderr).not.toContain(identity);
	});

	it('keeps a drill from a verdict when it is missing or another one’s', async () => {
		for (const keys of [[], withKey('other.txt')]) {
			const { exitCode, stdout } = await runCommand(['drill', await copyOf(made.postgres), ...keys]);
			expect(exitCode).toBe(1);
			expect(stdout).toMatch(/: unknown in/);
			expect(stdout).toMatch(/Nothing was found out about the backup\. Give the identity/);
		}
	});
});

describe('n8n-backup copy', () => {
	it.each([
		['warns of what leaves the machine unencrypted with n8n’s key in it', undefined, 2],
		['has nothing to say of encrypted backups', { recipients: [recipient] }, 0],
	])('%s', async (_what, encryption, warnings) => {
		await mkdir(directory.path('backups'));
		await mkdir(directory.path('away'));
		const { env, n8n } = await makeBackups(directory.path('backups'), 'gzip', encryption);

		const args = ['copy', '-d', directory.path('backups'), '--at', directory.path('away')];
		const { exitCode, stderr } = await runCommand(args);

		expect(exitCode).toBe(0);
		const warned = stderr.split('\n').filter((line) => line.includes('leaves the machine unencrypted'));
		expect(warned).toHaveLength(warnings);
		for (const line of warned) {
			expect(line).toMatch(/^! \S+ holds n8n’s encryption key and leaves the machine unencrypted: /);
			expect([env, n8n].some(({ path }) => line.includes(basename(path)))).toBe(true);
		}
	});
});

test('age and the programs of the system restore by hand what this package encrypted', async () => {
	const { path } = made.postgres;
	const decrypted = await ageDecrypt(path, identity);
	expect(execFileSync('gunzip', ['-c'], { input: decrypted }).toString()).toBe(dumpText);
});
