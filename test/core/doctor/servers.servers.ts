import type { Finding } from '../../../core/doctor/finding';
import { checkPostgres } from '../../../core/doctor/postgres';
import { checkRedis } from '../../../core/doctor/redis';
import { builtInDump } from '../../../core/postgres/dump/builtIn/builtInDump';
import { builtInSnapshot } from '../../../core/redis/snapshot/builtInSnapshot';
import type { RedisConnection } from '../../../core/redis/connection';
import { freePort } from '../../../lab/servers/freePort';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../../lab/servers/redis';
import { encrypted } from '../../support/n8nCredential';
import { connectionTo, never, readDump, requestFor } from '../postgres/support/dumps';
import { snapshot } from '../redis/support';

jest.setTimeout(120_000);

const resultsOf = (findings: Finding[]) =>
	Object.fromEntries(findings.map(({ check, result }) => [check, result]));
const named = (findings: Finding[], check: string) => findings.find((one) => one.check === check)!;

describe.each([13, 15, 18])('PostgreSQL %i', (major) => {
	let server: PostgresServer;

	beforeAll(async () => {
		server = await startPostgres({ major });
		await server.createDatabase('n8n');
		await server.psql(
			`CREATE TABLE credentials_entity (id serial, data text, type text, "updatedAt" timestamptz);
			CREATE SCHEMA other; CREATE TABLE other.t (id serial);
			INSERT INTO credentials_entity (data) VALUES ('${encrypted('{"a":1}', 'the key')}');
			CREATE ROLE reader LOGIN PASSWORD 'reads'`,
			{ database: 'n8n' },
		);
	}, 60_000);
	afterAll(() => server.stop());

	const asReader = () => connectionTo(server, { database: 'n8n', user: 'reader', password: 'reads' });

	it('passes for who owns it, with the key that fits, and names the least that is enough', async () => {
		const keys = [{ place: '/data/config', key: 'the key' }];
		const findings = await checkPostgres(connectionTo(server, { database: 'n8n' }), keys, never);
		expect(resultsOf(findings)).toEqual({
			PostgreSQL: 'passed',
			'PostgreSQL: TLS': 'unknown',
			'PostgreSQL: rights': 'passed',
			'PostgreSQL: n8n': 'passed',
			'PostgreSQL: key fits': 'passed',
			'PostgreSQL: clock': 'passed',
		});
		expect(named(findings, 'PostgreSQL').found).toContain(`is PostgreSQL ${server.version}`);
		expect(named(findings, 'PostgreSQL: key fits').found).toContain('with the key in /data/config');
		expect(named(findings, 'PostgreSQL: rights').whatToDo).toContain('CREATE ROLE n8n_backup LOGIN');
		expect(JSON.stringify(findings)).not.toContain('the key"');
	});

	it('fails for a key that does not fit, and does not know without any', async () => {
		const connection = connectionTo(server, { database: 'n8n' });
		const wrong = await checkPostgres(connection, [{ place: '/data/config', key: 'wrong' }], never);
		expect(named(wrong, 'PostgreSQL: key fits').result).toBe('failed');
		const none = await checkPostgres(connection, [], never);
		expect(named(none, 'PostgreSQL: key fits').result).toBe('unknown');
	});

	it('fails for a role without rights by the lines that give them; then the role can back up', async () => {
		const before = named(await checkPostgres(asReader(), [], never), 'PostgreSQL: rights');
		expect([before.result, before.found]).toEqual([
			'failed',
			expect.stringContaining(
				'reader may not read all of other.t, other.t_id_seq, public.credentials_entity',
			),
		]);
		const [, lines] = /^As a superuser: (.*)$/.exec(before.whatToDo)!;
		await server.psql(lines!, { database: 'n8n' });
		// What the owner makes later is covered, too.
		await server.psql('CREATE TABLE other.later (id serial)', { database: 'n8n' });
		const after = named(await checkPostgres(asReader(), [], never), 'PostgreSQL: rights');
		expect(after).toMatchObject({ result: 'passed', whatToDo: '' });
		const { facts } = await readDump(builtInDump(asReader(), requestFor('n8n')));
		expect(facts.census).toMatchObject({ rows: 1 });
	});

	it('fails where row security hides rows, by the line that lifts it', async () => {
		await server.psql(
			'ALTER TABLE other.t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON ALL TABLES IN SCHEMA other TO reader',
			{ database: 'n8n' },
		);
		const before = named(await checkPostgres(asReader(), [], never), 'PostgreSQL: rights');
		expect(before).toMatchObject({
			result: 'failed',
			whatToDo: 'As a superuser: ALTER ROLE "reader" BYPASSRLS;',
		});
		await server.psql('ALTER ROLE "reader" BYPASSRLS;');
		expect(named(await checkPostgres(asReader(), [], never), 'PostgreSQL: rights').result).toBe('passed');
	});
});

describe('PostgreSQL', () => {
	it('that does not answer fails once, and the rest is unknown', async () => {
		const connection = {
			...{ host: '127.0.0.1', port: await freePort(), user: 'u', password: 'p', database: 'd' },
			tls: { mode: 'disable', verifyCertificate: true },
		} as const;
		const findings = await checkPostgres(connection, [], never);
		expect(findings.map(({ result }) => result)).toEqual(['failed', ...Array<string>(5).fill('unknown')]);
		expect(findings[0]!.whatToDo).toContain('Start the server');
		const untold = await checkPostgres(undefined, [], never);
		expect(untold.map(({ check }) => check)).toEqual(findings.map(({ check }) => check));
		expect(new Set(untold.map(({ result }) => result))).toEqual(new Set(['unknown']));
	});

	it('by TLS passes with a certificate that was verified, and with one that was not nobody knows', async () => {
		const server = await startPostgres({ tls: true });
		try {
			const tls = async (verifyCertificate: boolean) => {
				const how = { mode: 'require', verifyCertificate, ca: server.ca } as const;
				const findings = await checkPostgres(connectionTo(server, { tls: how }), [], never);
				return named(findings, 'PostgreSQL: TLS').result;
			};
			expect([await tls(true), await tls(false)]).toEqual(['passed', 'unknown']);
			const findings = await checkPostgres(connectionTo(server), [], never);
			expect(named(findings, 'PostgreSQL: n8n')).toMatchObject({
				result: 'failed',
				found: '“postgres” holds no tables of n8n’s.',
			});
		} finally {
			await server.stop();
		}
	});
});

describe('Redis', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await startRedis({
			users: [
				'nothing on >secret -@all',
				'nosync on >secret ~* +@all -sync',
				'blind on >secret ~* +@all -acl -info -time',
				'blindfold on >secret ~* +@all -acl -sync',
			],
		});
		await server.cli('SET', 'a', '1');
	}, 60_000);
	afterAll(() => server.stop());

	const connection = (user?: string): RedisConnection => ({
		...{ host: server.host, port: server.port, user },
		password: user === undefined ? undefined : 'secret',
	});
	const saves = async () => /rdb_saves:(\d+)/.exec(await server.cli('INFO', 'persistence'))![1];

	it('passes for who may take snapshots, without taking one, and names the least that is enough', async () => {
		const before = await saves();
		const findings = await checkRedis(connection(), never);
		expect(resultsOf(findings)).toEqual({
			Redis: 'passed',
			'Redis: TLS': 'unknown',
			'Redis: rights': 'passed',
			'Redis: clock': 'passed',
		});
		expect(named(findings, 'Redis').found).toMatch(/ is version \d+\.\d+\.\d+ and holds 1 key\.$/);
		expect(await saves()).toBe(before);
		const line = named(findings, 'Redis: rights').whatToDo.split(': ')[1]!.replace('PASSWORD', 'secret');
		expect(await server.cli(...line.split(' '))).toBe('OK');
		const { facts } = await snapshot(builtInSnapshot(connection('n8n_backup')));
		expect(facts.census).toMatchObject({ keys: 1 });
	});

	it('fails for who may not, by the line that gives the right', async () => {
		const failing = named(await checkRedis(connection('nosync'), never), 'Redis: rights');
		expect(failing).toMatchObject({ result: 'failed', found: 'nosync may not run SYNC.' });
		const line = failing.whatToDo.replace('As an administrator: ', '');
		expect(line).toBe('ACL SETUSER nosync +sync');
		await server.cli(...line.split(' '));
		expect(named(await checkRedis(connection('nosync'), never), 'Redis: rights').result).toBe('passed');
	});

	it('is asked for a snapshot where it does not tell of rights: then it begins or refuses', async () => {
		const findings = await checkRedis(connection('blind'), never);
		expect(named(findings, 'Redis: rights')).toMatchObject({
			result: 'passed',
			found: 'blind may take snapshots: the server began to send one.',
		});
		expect(named(findings, 'Redis: clock').result).toBe('unknown');
		expect(named(await checkRedis(connection('blindfold'), never), 'Redis: rights')).toMatchObject({
			result: 'failed',
			whatToDo: expect.stringContaining('ACL SETUSER blindfold +sync +psync +replconf') as string,
		});
		expect(resultsOf(await checkRedis(connection('nothing'), never))).toMatchObject({
			Redis: 'passed',
			'Redis: rights': 'failed',
		});
	});

	it('fails once with a wrong password or where nothing answers, and the rest is unknown', async () => {
		const wrong = { ...connection('nothing'), password: 'wrong' };
		const nobody = { host: '127.0.0.1', port: await freePort() };
		for (const one of [wrong, nobody]) {
			const findings = await checkRedis(one, never);
			expect(findings.map(({ result }) => result)).toEqual(['failed', 'unknown', 'unknown', 'unknown']);
			expect(findings[0]!.whatToDo).not.toBe('');
		}
	});

	it('fails without the password that it asks for', async () => {
		const closed = await startRedis({ password: 'secret' });
		try {
			const [first] = await checkRedis({ host: closed.host, port: closed.port }, never);
			expect(first).toMatchObject({
				result: 'failed',
				found: expect.stringContaining('asks for a password') as string,
			});
		} finally {
			await closed.stop();
		}
	});

	it('by TLS passes with a certificate that was verified', async () => {
		const secure = await startRedis({ tls: true });
		try {
			const { host, port, ca } = secure;
			const tls = { verifyCertificate: true, ca };
			expect(named(await checkRedis({ host, port, tls }, never), 'Redis: TLS').result).toBe('passed');
			const unverified = { verifyCertificate: false };
			expect(named(await checkRedis({ host, port, tls: unverified }, never), 'Redis: TLS').result).toBe(
				'unknown',
			);
		} finally {
			await secure.stop();
		}
	});
});
