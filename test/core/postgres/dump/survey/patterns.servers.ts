import { withClient } from '../../../../../core/postgres/connect/client';
import type { DumpSelection } from '../../../../../core/postgres/dump/dumpRequest';
import { dumpArguments } from '../../../../../core/postgres/dump/dumpRequest';
import { DumpScope } from '../../../../../core/postgres/dump/survey/dumpScope';
import { surveyQuestion, type SurveyLine } from '../../../../../core/postgres/dump/survey/questions';
import { type PostgresServer, startPostgres } from '../../../../../lab/servers/postgres';
import { connectionTo, never, requestFor } from '../../support/dumps';

jest.setTimeout(120_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('odd');
	await server.psql(
		`CREATE SCHEMA "Up per"; CREATE SCHEMA audit; CREATE SCHEMA audit2; CREATE SCHEMA "au.dit";
		CREATE TABLE plain (id int PRIMARY KEY); CREATE TABLE "Plain" (id int); CREATE TABLE "pla.in" (id int);
		CREATE TABLE "do$lar" (id int); CREATE TABLE "quo""te" (id int); CREATE TABLE "star*" (id int); CREATE TABLE "a+b" (id int);
		CREATE TABLE "grüße" (id int); CREATE TABLE "with space" (id int); CREATE TABLE "back\\slash" (id int);
		CREATE TABLE "Up per"."plain" (id int); CREATE TABLE "Up per"."Mixed" (id int);
		CREATE TABLE audit.log (id int); CREATE TABLE audit2.log (id int); CREATE TABLE "au.dit".log (id int);
		CREATE UNLOGGED TABLE audit.quick (id int);
		CREATE TABLE ranged (id int) PARTITION BY RANGE (id);
		CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (0) TO (10);
		CREATE TABLE ranged_2 PARTITION OF ranged FOR VALUES FROM (10) TO (20);
		CREATE VIEW seen AS SELECT 1 AS one; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one; CREATE SEQUENCE counted;
		CREATE TABLE child () INHERITS (plain); CREATE TABLE nothing ();`,
		{ database: 'odd' },
	);
});
afterAll(() => server.stop());

async function scopeOf(selection: DumpSelection): Promise<DumpScope> {
	return await withClient(connectionTo(server), { database: 'odd' }, never, async (client) => {
		const { rows } = await client.query<{ line: string }>(surveyQuestion(selection));
		return new DumpScope(
			selection,
			rows.map(({ line }) => JSON.parse(line) as SurveyLine),
		);
	});
}

/** Tables that the native pg_dump fills, and ones that it defines, in its own words; without the system's own. */
async function nativeDump(selection: DumpSelection): Promise<{ filled: string[]; defined: string[] }> {
	const args = dumpArguments(requestFor('odd', { selection })).filter((arg) => arg !== '--strict-names');
	const sql = (await server.client('pg_dump', [...args, '--no-owner'], { database: 'odd' })).toString();
	const names = (type: string) =>
		[...sql.matchAll(new RegExp(`^-- (?:Data for )?Name: (.*); Type: ${type}; Schema: (.*); Owner: `, 'gm'))]
			.map(([, name, schema]) => `${schema}|${name}`)
			.filter((name) => !/^(?:pg_catalog|information_schema)\|/.test(name))
			.sort();
	return { filled: names('TABLE DATA'), defined: names('(?:TABLE|VIEW|MATERIALIZED VIEW)') };
}

const selections: DumpSelection[] = [
	{},
	...[
		'plain',
		'PLAIN',
		'"Plain"',
		'pla*',
		'pla?n',
		'"pla.in"',
		'public.pla*',
		'*.plain',
		'"Up per".*',
		'*per*.plain',
	].map((pattern) => ({ tables: [pattern] })),
	...[
		'do$lar',
		'"do$lar"',
		'"quo""te"',
		'"star*"',
		'star*',
		'"a+b"',
		'a+b',
		'grüße',
		'GRÜSSE*',
		'"with space"',
		'with space',
	].map((pattern) => ({ tables: [pattern] })),
	...[
		'"back\\slash"',
		'audit.*',
		'audit*.log',
		'"au.dit".log',
		'a(udit|x).log',
		'audit[0-9].log',
		'log',
		'*.*',
		'ranged*',
	].map((pattern) => ({ tables: [pattern] })),
	...['audit', 'audit*', 'AUDIT?', '"Up per"', 'public', '"au.dit"'].map((pattern) => ({
		schemas: [pattern],
	})),
	...['audit', 'audit*', '"Up*"', 'up*'].map((pattern) => ({ excludeSchemas: [pattern] })),
	...['plain', 'pla*', '*.plain', 'ranged', 'ranged_1', '"Up per".*'].map((pattern) => ({
		excludeTables: [pattern],
	})),
	...['plain', 'pla*', '*.plain', 'ranged', 'ranged_*', '*'].map((pattern) => ({
		excludeTableData: [pattern],
	})),
	{ schemas: ['audit*'], excludeSchemas: ['audit2'], excludeTables: ['audit.quick'] },
	{ tables: ['audit*.*'], excludeSchemas: ['audit'], excludeTables: ['audit2.*'] },
	{ tables: ['plain'], schemas: ['audit'] },
];

test.each(selections)('pg_dump takes of %j what was foreseen', async (selection) => {
	const scope = await scopeOf(selection);
	const named = (relations: Array<{ schema: string; name: string }>) =>
		relations.map(({ schema, name }) => `${schema}|${name}`).sort();
	const foreseen = {
		filled: named(scope.withRows()),
		defined: named(scope.dumped().filter(({ kind }) => kind !== 'S')),
	};
	const matched = scope.matches.every(({ ids }) => ids.length > 0);
	try {
		expect(foreseen).toEqual(await nativeDump(selection));
	} catch (error) {
		// pg_dump refuses what matches nothing.
		if (matched || !/no matching/.test(String(error))) throw error;
	}
});
