import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { fingerprint } from '../support/dumps';
import { restore } from '../support/restoring';
import { backUp } from '../support/artifacts';

jest.setTimeout(120_000);

const directory = temporaryDirectory();

/** Whatever PostgreSQL lets be called so without quotes, and CASE within. */
const definitions = `
	CREATE SCHEMA begin;
	CREATE TYPE begin.begin AS (begin integer, atomic integer);
	CREATE TABLE public.begin (begin integer, atomic integer, "end" integer, "case" text);
	INSERT INTO public.begin SELECT n, n, n, n FROM generate_series(1, 7) n;
	CREATE TABLE public.zzz (a integer);
	INSERT INTO public.zzz SELECT generate_series(1, 5);
	CREATE FUNCTION public.begin(begin integer) RETURNS begin.begin LANGUAGE sql AS 'SELECT 1, 2';
	CREATE FUNCTION public.f_name() RETURNS bigint BEGIN ATOMIC
		SELECT count(begin) FROM public.begin;
		WITH begin AS (SELECT 1 AS begin) SELECT atomic.begin FROM begin atomic;
	END;
	CREATE FUNCTION public.f_case(atomic integer) RETURNS integer BEGIN ATOMIC
		SELECT CASE atomic WHEN 1 THEN CASE WHEN b."end" > 1 THEN 2 END ELSE b.begin END AS "case"
			FROM public.begin b;
		SELECT 1 AS end;
	END;
	CREATE PROCEDURE begin.p() BEGIN ATOMIC
		INSERT INTO public.zzz SELECT begin.begin FROM public.begin;
		DELETE FROM public.zzz WHERE a = CASE WHEN a > 100 THEN 1 ELSE 2 END;
	END;
	CREATE FUNCTION public.f_empty() RETURNS void BEGIN ATOMIC END;
	CREATE FUNCTION public.f_return(begin integer) RETURNS integer RETURN CASE begin WHEN 1 THEN 2 END;`;

describe.each([14, 15, 18])('on PostgreSQL %d', (major) => {
	let server: PostgresServer;
	beforeAll(async () => {
		server = await startPostgres({ major });
		await server.createDatabase('n8n');
		await server.query(definitions, { database: 'n8n' });
	});
	afterAll(async () => {
		await server.stop();
	});

	test('function bodies full of keywords hide no table from the census, and come back as they were', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		expect(manifest.census).toMatchObject({
			tables: { 'public.begin': 7, 'public.zzz': 5 },
			rows: 12,
		});
		await restore(server, { artifactPath: path, manifest });
		expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'n8n'));
	});
});
