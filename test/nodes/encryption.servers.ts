import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { readManifest } from '../../core/artifact';
import { ageKeygen } from '../support/age';
import { makeBackups } from '../support/makeBackups';
import { encryptedOperations } from './support/encryptedOperations';
import { describeEngines } from './support/engines';
import { testOperation } from './support/operations';

jest.setTimeout(120_000);

const keys = { own: ageKeygen(), other: ageKeygen() };
let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	[postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
	await postgres.createDatabase('app');
	await postgres.psql('CREATE TABLE item (id int); INSERT INTO item VALUES (1)', { database: 'app' });
});

afterAll(async () => {
	await postgres?.stop();
	await redis?.stop();
});

describeEngines('an operation on encrypted backups', (n8n) => {
	const servers = () => ({ postgres, redis, engine: n8n().engine });
	for (const row of encryptedOperations(servers, keys)) testOperation(n8n, row);

	const credential = (more: object) => ({
		backupEncryptionAgeApi: { readBy: 'recipients', recipients: '', identity: '', passphrase: '', ...more },
	});

	it('verifies without a key what can be verified, and says that the content is unknown', async () => {
		const place = await n8n().allowed();
		await mkdir(join(place, 'backups'));
		await makeBackups(join(place, 'backups'), 'gzip', { recipients: [keys.own.recipient] });

		const { outputs } = await n8n().engine.run({
			node: 'volumeArchive',
			parameters: { operation: 'verify', backupDirectory: join(place, 'backups'), which: 'all' },
		});

		expect(outputs[0]!.map(({ json }) => json)).toMatchObject([
			{ component: 'n8n', result: 'passed' },
			{ component: 'env', result: 'passed' },
		]);
		for (const { json } of outputs[0]!) {
			expect(json.unknown).toContainEqual(
				expect.stringMatching(/^content: It is encrypted for age1.*no key was given here/),
			);
		}
	});

	it('restores nothing without a key, and says what to give', async () => {
		const place = await n8n().allowed();
		const root = join(place, 'backups');
		await mkdir(root);
		const { path } = (await makeBackups(root, 'gzip', { recipients: [keys.own.recipient] })).n8n;
		const parameters = {
			...{ operation: 'restore', backupDirectory: root, artifact: path, kind: 'n8n' },
			destination: join(place, 'restored'),
		};

		const { error } = await n8n().engine.run({ node: 'volumeArchive', parameters });

		expect(error).toMatchObject({
			message: expect.stringMatching(
				/\.tar\.gz\.age is encrypted, and there is no key to read it with/,
			) as string,
			description: expect.stringContaining('the credential Backup Encryption (age)') as string,
		});
		expect(await readdir(place)).not.toContain('restored');
	});

	it('a credential that can only write says so where it is to read', async () => {
		const place = await n8n().allowed();
		const root = join(place, 'backups');
		await mkdir(root);
		const { path } = (await makeBackups(root, 'gzip', { recipients: [keys.own.recipient] })).env;

		const { error } = await n8n().engine.run({
			node: 'volumeArchive',
			credentials: credential({ recipients: keys.own.recipient }),
			parameters: {
				...{ operation: 'verify', backupDirectory: root, which: 'one', artifact: path },
				useEncryption: true,
			},
		});

		expect(error).toMatchObject({
			message: 'The credential Backup Encryption (age) can only write.',
			description: 'Enter the identity of one of its recipients, or switch Decrypt off.',
		});
	});

	it('a drill with another identity is no verdict: it is unknown, and says what to give', async () => {
		const place = await n8n().allowed();
		const root = join(place, 'backups');
		await mkdir(root);
		const { path } = (await makeBackups(root, 'gzip', { recipients: [keys.own.recipient] })).n8n;

		const { error, outputs } = await n8n().engine.run({
			node: 'volumeArchive',
			credentials: credential({ recipients: keys.other.recipient, identity: keys.other.identity }),
			parameters: { operation: 'drill', backupDirectory: root, artifact: path, useEncryption: true },
		});

		expect(error).toBeUndefined();
		expect(outputs[0]![0]!.json).toMatchObject({
			result: 'unknown',
			obstacle: expect.stringMatching(/encrypted for another key\. Give the identity/) as string,
		});
		expect((await readManifest(path)).drill).toBeUndefined();
	});

	it('with a passphrase, what one operation writes the other reads', async () => {
		const place = await n8n().allowed();
		const root = join(place, 'backups');
		await mkdir(root);
		const credentials = credential({ readBy: 'passphrase', passphrase: 'correct horse battery' });
		const run = async (parameters: object) =>
			await n8n().engine.run({
				node: 'volumeArchive',
				credentials,
				parameters: { backupDirectory: root, useEncryption: true, simplify: false, ...parameters },
			});
		const made = await run({ operation: 'archive', directory: await n8n().allowed() });

		const verified = await run({ operation: 'verify', which: 'newest' });

		expect(made.outputs[0]![0]!.json).toMatchObject({
			encryption: { format: 'age', recipients: [], passphrase: true },
		});
		expect(verified.outputs[0]![0]!.json).toMatchObject({ result: 'passed' });
		expect(JSON.stringify([made, verified])).not.toContain('correct horse');
	});

	it('no part of a key gets into items, manifests, errors, hints, messages or logs, whatever fails', async () => {
		const place = await n8n().allowed();
		const root = join(place, 'backups');
		await mkdir(root);
		const passphrase = 'a-marked-passphrase';
		const readers = { recipients: keys.own.recipient, identity: keys.own.identity };
		const mistyped = `${keys.own.identity.slice(0, -4)}QQQQ`;
		const archive = { operation: 'archive', directory: await n8n().allowed() };
		const verify = { operation: 'verify', which: 'newest' };
		const runs: Array<[credential: object, parameters: object]> = [
			[readers, archive],
			[readers, verify],
			[{ ...readers, identity: mistyped }, verify],
			[{ ...readers, identity: keys.other.identity }, verify],
			[{ recipients: keys.own.identity }, archive],
			[{ recipients: mistyped }, archive],
			[{ readBy: 'passphrase', passphrase }, archive],
			[{ readBy: 'passphrase', passphrase }, verify],
			[{ readBy: 'passphrase', passphrase: `${passphrase}-wrong` }, verify],
			[
				{ readBy: 'passphrase', passphrase },
				{ ...archive, directory: join(place, 'not-there') },
			],
		];
		const said: unknown[] = [];
		for (const simplify of [true, false]) {
			for (const [data, more] of runs) {
				const parameters = { backupDirectory: root, useEncryption: true, simplify, ...more };
				const credentials = credential(data);
				said.push(await n8n().engine.run({ node: 'volumeArchive', credentials, parameters }));
			}
		}
		expect(said.filter((run) => (run as { status: string }).status === 'success')).toHaveLength(8);
		for (const file of await readdir(join(root, 'n8n'))) {
			said.push((await readFile(join(root, 'n8n', file))).toString('latin1'));
		}
		const everything = JSON.stringify(said) + n8n().engine.log;
		const secrets = [keys.own.identity, keys.other.identity].map((key) => key.slice(20, 40));
		for (const secret of [...secrets, passphrase]) expect(everything).not.toContain(secret);
	});

	const credentialTests: Array<[string, object, object]> = [
		[
			'recipients alone',
			{ recipients: keys.own.recipient },
			{ status: 'OK', message: 'Encrypts for 1; it cannot decrypt' },
		],
		[
			'a pair',
			{ recipients: keys.own.recipient, identity: keys.own.identity },
			{ status: 'OK', message: 'Encrypts, and decrypts what it encrypted' },
		],
		[
			'two that are no pair',
			{ recipients: keys.own.recipient, identity: keys.other.identity },
			{ status: 'Error', message: 'The identity is none of these recipients’' },
		],
		[
			'the private key as recipient',
			{ recipients: keys.own.identity },
			{
				status: 'Error',
				message: expect.stringMatching(/^One of the recipients is no age recipient/) as string,
			},
		],
		[
			'nothing',
			{},
			{ status: 'Error', message: expect.stringMatching(/^There is no key to encrypt with/) as string },
		],
		[
			'an identity that is locked with a passphrase',
			{
				recipients: keys.own.recipient,
				identity: '-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n',
			},
			{
				status: 'Error',
				message: expect.stringMatching(/locked with a passphrase.*age --decrypt/) as string,
			},
		],
		[
			'an empty passphrase',
			{ readBy: 'passphrase' },
			{ status: 'Error', message: expect.stringMatching(/is empty/) as string },
		],
	];

	it.each(credentialTests)('the test of the credential judges %s', async (_what, data, expected) => {
		const full = credential(data).backupEncryptionAgeApi;

		const result = await n8n().engine.testCredential('volumeArchive', 'backupEncryptionAgeApi', full);

		expect(result).toEqual(expected);
	});

	it('has written no key into its log', () => {
		for (const { identity } of Object.values(keys)) expect(n8n().engine.log).not.toContain(identity);
		expect(n8n().engine.log).not.toContain('correct horse');
	});
});
