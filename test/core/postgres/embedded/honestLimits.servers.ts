import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { manifestPath } from '../../../../core/artifact';
import { drill, type DrillReport, type DrillRequest } from '../../../../core/postgres/drill/drill';
import { childrenOf } from '../../../../lab/servers/processChildren';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { never } from '../support/dumps';
import { tenMinutes } from '../support/slowDump';
import { backUpOf } from './support';

jest.setTimeout(240_000);

const directory = temporaryDirectory();

/** Of these tests alone: other processes drill in the machine's. */
const temporary = () => directory.path('tmp');

beforeEach(async () => {
	await mkdir(temporary());
	jest.spyOn(os, 'tmpdir').mockReturnValue(temporary());
});
afterEach(() => jest.restoreAllMocks());

const drillInside = (artifactPath: string, more: Partial<DrillRequest> = {}, signal = never) =>
	drill({ root: directory.path(), timeZone: 'UTC', artifactPath, ...more }, signal);

const restoreOf = ({ checks }: DrillReport) => checks.find(({ check }) => check === 'restore');

/** A backup of one table with one row, whose bytes are in an encoding that the dump names. */
async function inEncoding(encoding: string, row: Buffer): Promise<string> {
	const path = await backUpOf(directory.path(), '/* here */');
	const [before, after] = gunzipSync(await readFile(path))
		.toString()
		.replace("'UTF8'", `'${encoding}'`)
		.split('/* here */');
	const begin = 'CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n';
	const dump = [Buffer.from(`${before}${begin}`), row, Buffer.from(`\n\\.\n${after}`)];
	await writeFile(path, gzipSync(Buffer.concat(dump)));
	return path;
}

const scratches = async () =>
	[...(await readdir(temporary())), ...(await readdir(directory.path()))].filter((name) =>
		name.startsWith('.n8n-backup-drill-'),
	);

describe('what the embedded PostgreSQL cannot do says nothing of the backup', () => {
	test.each([
		['an extension that it has not', 'CREATE EXTENSION postgis;', /has no extension "postgis"/],
		['a type that it has not', 'CREATE TABLE public.t (a nonsense);', /type "nonsense" does not exist/],
		[
			'a library that is not there',
			`CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS '/nowhere/library', 'f';`,
			/nowhere/,
		],
		[
			'a condition that may call anything',
			'CREATE TABLE public.t (a int CHECK (a > 1));\nCOPY public.t (a) FROM stdin;\n1\n\\.\n',
			/violates check constraint/,
		],
		[
			'an endless recursion',
			`CREATE FUNCTION public.deeper(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN public.deeper(n + 1); END';
			CREATE TABLE public.t (a int, b int DEFAULT public.deeper(1));
			INSERT INTO public.t (a) VALUES (1);`,
			/^The PostgreSQL inside n8n broke down: it gave no answer to line \d+ of the dump\. Drill it on a server\.$/,
		],
		[
			'more memory than it has',
			`CREATE FUNCTION public.large() RETURNS text LANGUAGE sql
				AS $$SELECT pg_catalog.string_agg(pg_catalog.repeat('x', 1000000), '') FROM pg_catalog.generate_series(1, 900)$$;
			CREATE TABLE public.t (a int, b text DEFAULT public.large());
			INSERT INTO public.t (a) VALUES (1);`,
			/^PostgreSQL refused line \d+ of the dump .*out of memory/,
		],
		['a command that no dump has', 'CREATE DATABASE other;', /creates or changes databases/],
	])('%s', async (_, sql, words) => {
		const path = await backUpOf(directory.path(), sql);
		const before = await readFile(manifestPath(path), 'utf8');

		const report = await drillInside(path);

		expect(report).toMatchObject({ where: 'inside-n8n', result: 'unknown' });
		expect(report.obstacle?.message).toMatch(words);
		expect(await readFile(manifestPath(path), 'utf8')).toBe(before);
		expect(await scratches()).toEqual([]);
	});

	test('texts in an encoding that nobody here can read', async () => {
		const path = await inEncoding('EUC_TW', Buffer.from('x'));

		expect((await drillInside(path)).obstacle?.message).toBe(
			'The dump is in EUC_TW, and a drill inside n8n cannot make UTF-8 of that. To prove it, drill it on a server.',
		);
	});

	test('bytes that are no character of their encoding', async () => {
		const path = await inEncoding('EUC_JP', Buffer.from([0xa4, 0x20]));

		expect((await drillInside(path)).obstacle?.message).toBe(
			'The dump is in EUC_JP, and has bytes that are no character of it for a drill inside n8n. To prove it, drill it on a server.',
		);
	});

	test('a backup of a newer PostgreSQL', async () => {
		const path = await backUpOf(directory.path(), '', '99.1');

		const report = await drillInside(path);

		expect(report.obstacle?.what).toBe(
			'The backup is of PostgreSQL 99 and the PostgreSQL inside n8n is PostgreSQL 18, which is older.',
		);
	});

	test('more SQL than the limit allows, whether the manifest knows it or not', async () => {
		const path = await backUpOf(
			directory.path(),
			`CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n${'some row\n'.repeat(200_000)}\\.\n`,
		);

		const report = await drillInside(path, { maxRawBytes: 1024 * 1024 });

		expect(report).toMatchObject({ result: 'unknown' });
		expect(report.obstacle?.message).toBe(
			'The dump is larger than the 1 MB that are restored inside n8n. Raise the limit, or drill it on a server.',
		);
	});
});

describe('what no PostgreSQL could have taken fails the drill', () => {
	test.each([
		[
			'a value that its type does not take',
			'CREATE TABLE public.t (a int);\nCOPY public.t (a) FROM stdin;\n1\nx\n\\.\n',
			/^PostgreSQL refused line \d+ of the dump, row 2 of public.t: invalid input syntax/,
		],
		[
			'two rows with one key',
			'CREATE TABLE public.t (a int);\nCOPY public.t (a) FROM stdin;\n1\n1\n\\.\nALTER TABLE ONLY public.t ADD CONSTRAINT t_key PRIMARY KEY (a);',
			/could not create unique index/,
		],
		[
			'a row that refers to none',
			'CREATE TABLE public.t (a int PRIMARY KEY);\nCREATE TABLE public.u (a int);\nCOPY public.u (a) FROM stdin;\n1\n\\.\nALTER TABLE ONLY public.u ADD CONSTRAINT u_t FOREIGN KEY (a) REFERENCES public.t(a);',
			/violates foreign key constraint/,
		],
	])('%s', async (_, sql, words) => {
		const path = await backUpOf(directory.path(), sql);

		const report = await drillInside(path);

		expect(report.result).toBe('failed');
		expect(restoreOf(report)).toMatchObject({
			result: 'failed',
			detail: expect.stringMatching(words) as string,
		});
	});

	test('a row far behind is named by its line, though rows go in pieces', async () => {
		const rows = `${'x'.repeat(1000)}\n`.repeat(6000);
		const path = await backUpOf(
			directory.path(),
			`CREATE TABLE public.t (a varchar(1000));\nCOPY public.t (a) FROM stdin;\n${rows}${'y'.repeat(1001)}\n\\.\n`,
		);

		const report = await drillInside(path);

		expect(restoreOf(report)?.detail).toMatch(/row 6001 of public.t: value too long/);
	});
});

describe('a drill inside n8n leaves nothing behind', () => {
	test('when it is cancelled: its process and its files are gone', async () => {
		const path = await backUpOf(directory.path(), tenMinutes);
		const cancel = new AbortController();
		const before = await childrenOf(process.pid);
		const drilling = drillInside(path, {}, cancel.signal);
		drilling.catch(() => {});
		while ((await scratches()).length === 0) await sleep(20);
		await sleep(2000);
		expect((await childrenOf(process.pid)).length).toBeGreaterThan(before.length);
		cancel.abort();

		await expect(drilling).rejects.toMatchObject({ code: 'cancelled' });
		expect(await childrenOf(process.pid)).toEqual(before);
		expect(await scratches()).toEqual([]);
	});

	test('and nothing is found out when its process is killed', async () => {
		const path = await backUpOf(directory.path(), tenMinutes);
		const before = await childrenOf(process.pid);
		const drilling = drillInside(path);
		let child: number | undefined;
		while (child === undefined) {
			child = (await childrenOf(process.pid)).find((pid) => !before.includes(pid));
			await sleep(20);
		}
		await sleep(1000);
		process.kill(child, 'SIGKILL');

		expect(await drilling).toMatchObject({
			result: 'unknown',
			obstacle: { what: 'The PostgreSQL inside n8n was ended by SIGKILL.' },
		});
		expect(await scratches()).toEqual([]);
	});

	test('of crashed drills either, once nobody has touched it for some minutes', async () => {
		const path = await backUpOf(directory.path(), '');
		const [old, young] = ['.n8n-backup-drill-old', '.n8n-backup-drill-young'];
		for (const name of [old, young]) await mkdir(directory.path(name));
		await utimes(directory.path(old), new Date(0), new Date(0));

		await drillInside(path);

		expect(await readdir(directory.path())).toContain(young);
		expect(await readdir(directory.path())).not.toContain(old);
	});

	test('after twenty in a row: no process, no thread, no file, no open descriptor', async () => {
		const path = await backUpOf(directory.path(), 'CREATE TABLE public.t (a int);');
		const before = await childrenOf(process.pid);
		// The first one loads code and starts the threads that Node keeps.
		await drillInside(path);
		const held = async () => ({
			descriptors: (await readdir('/proc/self/fd')).length,
			threads: (await readdir('/proc/self/task')).length,
		});
		const afterFirst = await held();
		for (let number = 0; number < 20; number++) {
			expect((await drillInside(path)).obstacle).toBeUndefined();
		}
		expect(await childrenOf(process.pid)).toEqual(before);
		expect(await scratches()).toEqual([]);
		const afterLast = await held();
		expect(afterLast.descriptors).toBeLessThanOrEqual(afterFirst.descriptors + 1);
		expect(afterLast.threads).toBeLessThanOrEqual(afterFirst.threads);
	});
});
