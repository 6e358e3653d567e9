import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import type { RestoreTarget } from '../../core/postgres/restore/request.ts';
import type { Random } from '../../lab/random.ts';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { drill, restoreDump } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { serverState } from '../judges/serverState.ts';
import { definitions } from './dumpDefinitions.ts';
import { type Trick, tricks } from './dumpTricks.ts';

/** A restore that takes longer than this for a few kilobytes has no bounds. */
const mostSeconds = 60;

const into = (place: string, options: Options, faults: Attack['faults']): Attack => ({
	promise: 'contained',
	fault: `forged dumps ${place}`,
	faults,
	open: async (scratch) => await open(scratch, options),
});

/** Dumps that nobody would make who means well, each with a manifest that fits. */
export const hostileDumps: Attack[] = [
	into(
		'with psql’s commands, statements that reach beyond, hidden calls and cuts, restored and drilled by a superuser',
		{ user: 'superuser', ways: ['new', 'replace', 'drill'], kinds: tricks },
		{ whole: 2000, short: 6 },
	),
	into(
		'with the same and with functions, defaults, triggers and foreign tables, by a user who is none',
		{
			user: 'plain',
			ways: ['new', 'replace', 'drill'],
			kinds: [...tricks, definitions, definitions, definitions],
		},
		{ whole: 1000, short: 4 },
	),
	into(
		'drilled inside n8n',
		{ user: 'plain', ways: ['inside'], kinds: [...tricks, definitions, definitions] },
		{ whole: 200, short: 1 },
	),
];

type Way = 'new' | 'replace' | 'drill' | 'inside';

interface Options {
	user: 'superuser' | 'plain';
	ways: readonly Way[];
	kinds: readonly Trick[];
}

const victim = 'victim';
const role = 'bystander';
const password = 'of the attack';

/** Databases that a run makes or replaces. */
const made = '^(?:restored|live|live_replaced_.*)$';

async function open(scratch: string, options: Options): Promise<Arena> {
	const server = await startPostgres();
	return await endingOnFailure({ [Symbol.asyncDispose]: server.stop }, async () => {
		return await openOn(server, scratch, options);
	});
}

async function openOn(
	server: PostgresServer,
	scratch: string,
	{ user, ways, kinds }: Options,
): Promise<Arena> {
	const outside = join(scratch, 'outside');
	const directory = join(scratch, 'backups', 'postgres');
	await mkdir(outside);
	await mkdir(directory, { recursive: true });
	// The server, which is another user, would be free to write there.
	await chmod(scratch, 0o755);
	await chmod(outside, 0o777);
	await server.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
	await server.query(`CREATE ROLE plain LOGIN CREATEDB PASSWORD '${password}'`);
	await server.createDatabase(victim);
	await server.psql(kept, { database: victim });
	const isPlain = user === 'plain';
	const connection = {
		...{ host: server.host, port: server.port, database: 'postgres' },
		...(isPlain ? { user: 'plain', password } : { user: server.user, password: server.password }),
		tls: { mode: 'disable', verifyCertificate: true } as const,
	};
	const look = async () => ({
		...(await serverState(server, { but: made, databases: [victim] })),
		traces: (await readdir(outside)).join(', '),
		working: (await readdir('.')).join(', '),
	});
	let beforehand: Record<string, string> = await look();
	let witness = await connect(server);
	return {
		async strike(random: Random) {
			await dropMade(server);
			const trick = random.pick(kinds)({ trace: join(outside, 'trace'), victim, role }, random);
			const text = forgedDump(trick);
			const artifactPath = await write(directory, text);
			const way = random.pick(ways);
			if (way === 'replace') await server.createDatabase('live', isPlain ? 'OWNER plain' : '');
			const what = await attempt({ way, artifactPath, connection, root: join(scratch, 'backups') });
			const why = `after “${what}” of ${JSON.stringify(trick.toString('latin1')).slice(0, 600)}`;
			const state: Record<string, string> = await look();
			for (const [name, before] of Object.entries(beforehand)) {
				const isSame = state[name] === before;
				if (!isSame) {
					await putBack(outside);
					// The next fault is judged by what it does itself.
					beforehand = { ...(await look()) };
				}
				assertKept(isSame, `The ${name} is another ${why}: ${difference(before, state[name]!)}`);
			}
			const isAlive = await witness.query('SELECT').then(
				() => true,
				() => false,
			);
			if (!isAlive) witness = await connect(server);
			assertKept(isAlive, `Somebody else’s session is over ${why}`);
			return true;
		},
		async [Symbol.asyncDispose]() {
			await witness.end().catch(() => {});
			await server.stop();
		},
	};
}

const kept = `CREATE TABLE kept AS SELECT n, md5(n::text) FROM generate_series(1, 50) AS n;
	COMMENT ON DATABASE ${victim} IS 'somebody else’s'; ALTER DATABASE ${victim} SET work_mem = '5MB';
	GRANT CONNECT ON DATABASE ${victim} TO ${role};`;

async function connect(server: PostgresServer): Promise<pg.Client> {
	const client = new pg.Client({ connectionString: server.url(victim) });
	client.on('error', () => {});
	await client.connect();
	return client;
}

async function dropMade(server: PostgresServer): Promise<void> {
	const names = await server.query<{ datname: string }>(
		`SELECT datname FROM pg_database WHERE datname ~ '${made}'`,
	);
	for (const { datname } of names) await server.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
}

interface Attempt {
	way: Way;
	artifactPath: string;
	connection: Parameters<typeof restoreDump>[0]['connection'];
	root: string;
}

/** @returns what became of it, in a few words */
async function attempt({ way, artifactPath, connection, root }: Attempt): Promise<string> {
	const signal = AbortSignal.timeout(mostSeconds * 1000);
	const targets: Record<'new' | 'replace', RestoreTarget> = {
		new: { kind: 'new', database: 'restored' },
		replace: { kind: 'replace', database: 'live', safetyBackup: async () => await Promise.resolve('none') },
	};
	try {
		if (way === 'new' || way === 'replace') {
			const { database } = await restoreDump({ artifactPath, connection, target: targets[way] }, signal);
			return `restored into ${database}`;
		}
		const place = way === 'drill' ? { connection } : {};
		const { result, obstacle } = await drill({ root, timeZone: 'utc', artifactPath, ...place }, signal);
		return `drill ${result} ${obstacle?.message ?? ''}`;
	} catch (error) {
		assertKept(!signal.aborted, `It takes longer than ${mostSeconds} s`);
		assertKept(isForPeople(error), `It fails: ${String(error)}`);
		return error.message;
	}
}

/** The forged part stands where pg_dump has the data; around it all is as it should be. */
function forgedDump(trick: string | Buffer): Buffer {
	return Buffer.concat([Buffer.from(head), Buffer.from(trick), Buffer.from(tail)]);
}

const head = `--\n-- PostgreSQL database dump\n--\n
\\restrict key\n
-- Dumped from database version 13.1
-- Dumped by pg_dump version 18.3\n
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.rows (a integer);
CREATE TABLE public.texts (a text);
CREATE TABLE public.kept (a text);
CREATE SEQUENCE public.numbers;
SELECT pg_catalog.lo_create('4711');
COPY public.rows (a) FROM stdin;
1
2
\\.\n
COPY public.texts (a) FROM stdin;
a text
\\.\n\n`;

const tail = `\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict key\n\n`;

async function write(directory: string, text: Buffer): Promise<string> {
	const name = 'n8n_20261123_020000.sql.gz';
	const stored = gzipSync(text);
	const manifest = {
		schemaVersion: 1,
		component: 'postgres',
		artifact: name,
		storedBytes: stored.length,
		rawBytes: text.length,
		sha256: createHash('sha256').update(stored).digest('hex'),
		startedAt: '2026-11-23T02:00:00.000Z',
		finishedAt: '2026-11-23T02:00:01.000Z',
		timeZone: 'utc',
		source: { host: 'db', database: 'n8n', serverVersion: '13.1' },
		engine: { name: 'built-in', version: '18.3' },
		compression: 'gzip',
		census: { kind: 'postgres', tables: { 'public.rows': 2, 'public.texts': 1 }, rows: 3 },
		warnings: [],
	};
	await writeFile(join(directory, name), stored);
	await writeFile(join(directory, `${name}.manifest.json`), JSON.stringify(manifest));
	return join(directory, name);
}

async function putBack(outside: string): Promise<void> {
	for (const name of await readdir(outside)) await rm(join(outside, name), { recursive: true });
}

function difference(before: string, after: string): string {
	const [old, now] = [before, after].map((text) => text.split('\n')) as [string[], string[]];
	const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
	const added = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`);
	return [...gone, ...added].join(' ').slice(0, 300);
}
