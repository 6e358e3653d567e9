import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
		parameters: { useEncryption: true, simplify: false, ...parameters },
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

	/** An encrypted dump of the server’s own database, by the node. */
	const ownDump = async (place: string): Promise<string> => {
		const { parameters, credentials } = call({ backupDirectory: join(place, 'backups') }, reading);
		const made = await servers().engine.run({
			node: 'postgresBackup',
			credentials,
			parameters: { operation: 'backUp', ...parameters },
		});
		return made.outputs[0]![0]!.json.path as string;
	};

	interface Reading {
		name: string;
		component: Component;
		/** What tells rows of one operation apart. */
		of?: string;
		make?: (place: string) => Promise<string>;
		/** Parameters beside the backup. */
		prepare: (place: string) => Promise<object> | object;
		judge: OperationRow['judge'];
		/** Whether another identity makes the operation fail; otherwise a flipped bit does. */
		needsIdentity?: boolean;
	}

	/** An operation that reads a backup of a component. */
	const reads = ({
		name,
		component,
		of = 'encrypted',
		needsIdentity = true,
		...row
	}: Reading): OperationRow => {
		const lay = async (place: string, { fails = false } = {}) => {
			const root = await backups(place);
			const path = await (row.make?.(place) ?? backupOf(component, root, own));
			if (fails && !needsIdentity) await flipLastByte(path);
			const parameters = { backupDirectory: root, artifact: path, ...(await row.prepare(place)) };
			return call(parameters, fails && needsIdentity ? readingWrongly : reading);
		};
		return {
			name: `${name}: ${of}`,
			works: async (place) => await lay(place),
			judge: async (items, place) => {
				expect(JSON.stringify(items)).not.toContain('AGE-SECRET-KEY');
				await row.judge(items, place);
			},
			fails: async (place) => await lay(place, { fails: true }),
			says: needsIdentity
				? { message: /encrypted for another key/, description: /Give the identity of one of the recipients/ }
				: {
						message: /did not pass its drill: .*chunk \d+ is not what was written/,
						description: /drill an older/,
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
		reads({
			name: 'postgresBackup verify',
			component: 'postgres',
			prepare: () => ({ which: 'one' }),
			judge: passes,
		}),
		reads({
			name: 'postgresBackup drill',
			component: 'postgres',
			make: ownDump,
			prepare: () => ({ drillPlace: 'server' }),
			judge: ([item]) => expect(item).toMatchObject({ result: 'passed' }),
			needsIdentity: false,
		}),
		reads({
			name: 'postgresBackup restore',
			component: 'postgres',
			make: ownDump,
			prepare: async () => {
				await servers().postgres.query('DROP DATABASE IF EXISTS encrypted');
				return { target: 'new', newDatabase: 'encrypted' };
			},
			judge: async () => {
				const query = 'SELECT count(*) FROM item';
				expect(await servers().postgres.psql(query, { database: 'encrypted' })).toBe('1');
			},
		}),
		makes(
			'redisSnapshot takeSnapshot built-in',
			async () => await Promise.resolve({}),
			async (plain) => {
				const path = join(tmpdir(), `n8n-backup-test-${process.pid}.rdb`);
				await writeFile(path, plain);
				const checked = execFileSync('redis-check-rdb', [path], { encoding: 'utf8' });
				await rm(path);
				expect(checked).toContain('RDB looks OK');
			},
		),
		reads({
			name: 'redisSnapshot verify',
			component: 'redis',
			prepare: () => ({ which: 'one' }),
			judge: passes,
		}),
		reads({
			name: 'redisSnapshot restore built-in',
			component: 'redis',
			prepare: () => ({ confirmation: 'replace' }),
			judge: async ([item]) => {
				expect(await servers().redis.cli('GET', 'bull:jobs:id')).toBe('7');
				expect(item!.safetySnapshot).toMatch(/\.rdb\.age$/);
				await ageDecrypt(item!.safetySnapshot as string, own.identity);
			},
		}),
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
		reads({
			name: 'volumeArchive verify',
			component: 'n8n',
			prepare: () => ({ which: 'one' }),
			judge: passes,
		}),
		reads({
			name: 'volumeArchive drill',
			component: 'n8n',
			prepare: () => ({}),
			judge: ([item]) => expect(item).toMatchObject({ result: 'passed' }),
			needsIdentity: false,
		}),
		reads({
			name: 'volumeArchive restore built-in',
			component: 'n8n',
			prepare: (place) => ({ kind: 'n8n', destination: join(place, 'restored') }),
			judge: async (_items, place) => {
				expect(await readFile(join(place, 'restored', 'config'), 'utf8')).toBe('{"encryptionKey":"k"}');
			},
		}),
		reads({
			name: 'volumeArchive restore built-in',
			of: 'encrypted file',
			component: 'env',
			prepare: (place) => ({ kind: 'env', destination: join(place, 'restored.env') }),
			judge: async (_items, place) => {
				const restored = await readFile(join(place, 'restored.env'), 'utf8');
				expect(restored).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
			},
		}),
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

async function flipLastByte(path: string): Promise<void> {
	const bytes = await readFile(path);
	bytes[bytes.length - 1]! ^= 1;
	await writeFile(path, bytes);
}
