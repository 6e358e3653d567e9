import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Component, createArtifact } from '../../../core/artifact';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { ageDecrypt, type KeyPair } from '../../support/age';
import { makeBackups } from '../../support/makeBackups';
import { sqlite3 } from '../../core/volume/sqlite/support/processes';
import type { OperationRow } from './operations';
import type { Servers } from './serverOperations';

/** The keys of the tests: theirs, and somebody else's. */
export interface Keys {
	own: KeyPair;
	other: KeyPair;
}

/**
 * Every operation that makes or reads backups, with encrypted ones: what is made is opened with age, and reading with
 * another identity fails.
 */
export function encryptedOperations(servers: () => Servers, { own, other }: Keys): OperationRow[] {
	const age = (recipients: string, identity = '') => ({
		backupEncryptionAgeApi: { readBy: 'recipients', recipients, identity, passphrase: '' },
	});
	const writing = age(`${own.recipient}\n# a comment\n${other.recipient}\n`);
	const reading = age(own.recipient, own.identity);
	const readingWrongly = age(other.recipient, other.identity);

	const serverCredentials = () => {
		const { postgres, redis } = servers();
		const { host, port, user, password } = postgres;
		return {
			postgres: { host, port, user, password, database: 'app', ssl: 'disable' },
			redis: { host: redis.host, port: redis.port },
		};
	};
	const call = (parameters: object, encryption: object) => ({
		parameters: { useEncryption: true, ...parameters },
		credentials: { ...serverCredentials(), ...encryption },
	});

	/** An operation that makes a backup. */
	const makes = (
		name: string,
		prepare: (place: string) => Promise<object>,
		judge: (plain: Buffer) => Promise<void> | void,
	): OperationRow => ({
		name: `${name}: encrypted`,
		works: async (place) =>
			call({ backupDirectory: await backups(place), ...(await prepare(place)) }, writing),
		judge: async (items) => {
			expect(items).toHaveLength(1);
			const path = items[0]!.path as string;
			expect(path).toMatch(/\.age$/);
			expect(items[0]!.encryption).toEqual({
				format: 'age',
				recipients: [own, other].map(({ recipient }) => `${recipient.slice(0, 16)}…`),
			});
			for (const { identity } of [own, other]) await judge(await ageDecrypt(path, identity));
		},
		fails: async (place) =>
			call({ backupDirectory: await backups(place), ...(await prepare(place)) }, age('age1nobody')),
		says: { message: /“age1nobody” is no age recipient/, description: /begins with age1/ },
	});

	/** An operation that reads a backup of a component. */
	const reads = (
		name: string,
		component: Component,
		prepare: (place: string, path: string) => Promise<object> | object,
		judge: OperationRow['judge'],
		of = 'encrypted',
	): OperationRow => {
		const lay = async (place: string, encryption: object) => {
			const path = await backupOf(component, await backups(place), own);
			const parameters = { backupDirectory: join(place, 'backups'), artifact: path };
			return call({ ...parameters, ...(await prepare(place, path)) }, encryption);
		};
		return {
			name: `${name}: ${of}`,
			works: async (place) => await lay(place, reading),
			judge: async (items, place) => {
				expect(JSON.stringify(items)).not.toContain('AGE-SECRET-KEY');
				await judge(items, place);
			},
			fails: async (place) => await lay(place, readingWrongly),
			says: {
				message: /encrypted for another key/,
				description: /Give the identity of one of the recipients/,
			},
		};
	};
	const passes: OperationRow['judge'] = (items) => {
		expect(items).toMatchObject([{ result: 'passed' }]);
		expect(JSON.stringify(items)).toContain('Every chunk is as it was encrypted.');
	};

	return [
		makes(
			'postgresBackup backUp built-in',
			async () => await Promise.resolve({}),
			(plain) => expect(gunzipSync(plain).toString()).toContain('COPY public.item'),
		),
		reads('postgresBackup verify', 'postgres', () => ({ which: 'one' }), passes),
		reads(
			'postgresBackup restore',
			'postgres',
			async () => {
				await servers().postgres.query('DROP DATABASE IF EXISTS encrypted');
				return { target: 'new', newDatabase: 'encrypted' };
			},
			async () => {
				const query = 'SELECT count(*) FROM workflow_entity';
				expect(await servers().postgres.psql(query, { database: 'encrypted' })).toBe('2');
			},
		),
		makes(
			'redisSnapshot takeSnapshot built-in',
			async () => await Promise.resolve({}),
			(plain) => {
				const checked = execFileSync('redis-check-rdb', ['/dev/stdin'], { input: plain, encoding: 'utf8' });
				expect(checked).toContain('RDB looks OK');
			},
		),
		reads('redisSnapshot verify', 'redis', () => ({ which: 'one' }), passes),
		reads(
			'redisSnapshot restore built-in',
			'redis',
			() => ({ confirmation: 'replace' }),
			async ([item]) => {
				expect(await servers().redis.cli('GET', 'bull:jobs:id')).toBe('7');
				expect(item!.safetySnapshot).toMatch(/\.rdb\.age$/);
				await ageDecrypt(item!.safetySnapshot as string, own.identity);
			},
		),
		makes(
			'volumeArchive archive built-in',
			async (place) => {
				const directory = join(place, 'data');
				await mkdir(directory);
				await writeFile(join(directory, 'config'), '{"encryptionKey":"k"}');
				return { directory, compression: 'zstd' };
			},
			(plain) => {
				const listed = execFileSync('tar', ['--zstd', '-xOf', '-', 'config'], { input: plain });
				expect(listed.toString()).toBe('{"encryptionKey":"k"}');
			},
		),
		makes(
			'volumeArchive copyFile',
			async (place) => {
				await writeFile(join(place, '.env'), 'N8N_ENCRYPTION_KEY=k\n');
				return { file: join(place, '.env') };
			},
			(plain) => expect(plain.toString()).toBe('N8N_ENCRYPTION_KEY=k\n'),
		),
		reads('volumeArchive verify', 'n8n', () => ({ which: 'one' }), passes),
		reads(
			'volumeArchive drill',
			'n8n',
			() => ({}),
			([item]) => expect(item).toMatchObject({ result: 'passed' }),
		),
		reads(
			'volumeArchive restore built-in',
			'n8n',
			(place) => ({ kind: 'n8n', destination: join(place, 'restored') }),
			async (_items, place) => {
				expect(await readFile(join(place, 'restored', 'config'), 'utf8')).toBe('{"encryptionKey":"k"}');
			},
		),
		reads(
			'volumeArchive restore built-in',
			'env',
			(place) => ({ kind: 'env', destination: join(place, 'restored.env') }),
			async (_items, place) => {
				expect(await readFile(join(place, 'restored.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
			},
			'encrypted file',
		),
	];
}

async function backups(place: string): Promise<string> {
	const path = join(place, 'backups');
	await mkdir(path);
	return path;
}

/** An encrypted backup; that of n8n's data has a database in it. */
async function backupOf(component: Component, root: string, { recipient }: KeyPair): Promise<string> {
	const encryption = { recipients: [recipient] };
	if (component !== 'n8n') return (await makeBackups(root, 'gzip', encryption))[component].path;
	const data = join(root, '..', 'with-database');
	await mkdir(data);
	await writeFile(join(data, 'config'), '{"encryptionKey":"k"}');
	sqlite3(join(data, 'database.sqlite'), 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);');
	const { path } = await createArtifact(
		{
			...{ root, component, prefix: 'n8n_data', extension: 'tar', encryption },
			...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'archiving' },
		},
		archiveDirectory({ directory: data }),
		new AbortController().signal,
	);
	return path;
}
