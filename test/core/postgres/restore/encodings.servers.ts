import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, engines, fingerprint, readDump, requestFor } from '../support/dumps';
import { dropDatabases, restore } from '../support/restoring';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres({ major: 15 });
	await server.query(
		`CREATE ROLE "Käufer"; CREATE ROLE "Größter"; CREATE ROLE "顧客"; CREATE ROLE clerk LOGIN PASSWORD 'clerk'`,
	);
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

/**
 * A database in that encoding whose names and values are beyond ASCII. Names of roles are the bytes of the database that
 * they were made in, so each encoding has its own.
 */
async function create(encoding: string): Promise<void> {
	await server.createDatabase('n8n', `TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`);
	await server.psql(
		`\\encoding UTF8
		DO $$ BEGIN CREATE ROLE "Käufer"; EXCEPTION WHEN duplicate_object THEN END $$;
		DO $$ BEGIN CREATE ROLE "Größter"; EXCEPTION WHEN duplicate_object THEN END $$;
		CREATE SCHEMA "Bücher";
		CREATE TABLE "Bücher"."Größe" ("Maß" serial PRIMARY KEY, "Stück" text DEFAULT 'ä');
		COMMENT ON TABLE "Bücher"."Größe" IS 'Für Öl';
		INSERT INTO "Bücher"."Größe" ("Stück") VALUES ('Grün'), ('à la carte');
		CREATE TABLE "Übrig" AS SELECT 1 AS a;
		ALTER TABLE "Bücher"."Größe" OWNER TO "Käufer";
		GRANT SELECT ON "Bücher"."Größe" TO "Größter";
		CREATE VIEW "Sicht" AS SELECT 'ß' AS "ß";`,
		{ database: 'n8n' },
	);
}

const ownerOf = async (table: string) => {
	const [row] = await server.query<{ owner: string }>(
		`SELECT tableowner AS owner FROM pg_tables WHERE tablename = '${table}'`,
		{ database: 'restored' },
	);
	return row?.owner;
};

describe.each(['UTF8', 'SQL_ASCII', 'LATIN1', 'WIN1252'])('a dump in %s', (encoding) => {
	beforeEach(() => create(encoding));

	test('comes back byte for byte', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await restore(server, { artifactPath: path, manifest, options: { missingRoles: 'skip' } });
		const [was, is] = [await fingerprint(server, 'n8n'), await fingerprint(server, 'restored')];
		expect(is).toBe(was);
		const tables = await server.query(`SELECT "Stück" FROM "Bücher"."Größe" ORDER BY "Maß"`, {
			database: 'restored',
		});
		expect(tables).toEqual([{ Stück: 'Grün' }, { Stück: 'à la carte' }]);
		expect(await ownerOf('Größe')).toBe('Käufer');
	});

	test('gives one chosen table', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const { rows, comparison } = await restore(server, {
			artifactPath: path,
			manifest,
			options: { tables: ['"Bücher"."Größe"'] },
		});
		expect(rows).toEqual({ '"Bücher"."Größe"': 2 });
		expect(comparison).toEqual({ tables: 1, rows: 2, differences: [] });
	});

	test('names the tables that come nearest to one that it does not have', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await expect(
			restore(server, { artifactPath: path, manifest, options: { tables: ['"Bücher"."Größen"'] } }),
		).rejects.toMatchObject({
			code: 'not-found',
			message: expect.stringMatching(/no table "Bücher"\."Größen" \(it has "Bücher"\."Größe"/) as string,
		});
	});

	test('gets other owners', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await restore(server, {
			artifactPath: path,
			manifest,
			options: { owners: { kind: 'map', roles: { Käufer: 'Größter', postgres: 'Käufer' } } },
		});
		expect(await ownerOf('Größe')).toBe('Größter');
		expect(await ownerOf('Übrig')).toBe('Käufer');
	});

	test('that a server refuses says why as the server meant it', async () => {
		await server.psql(
			`\\encoding UTF8
			CREATE FUNCTION "prüfe"(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN
				IF current_database() = 'n8n' THEN RETURN true; END IF;
				RAISE 'Das Maß »%« fehlt', $1 USING DETAIL = 'Es heißt Größe.', HINT = 'Früher prüfen!';
			END$$;
			CREATE TABLE "Zählung" ("Schlüssel" text CHECK ("prüfe"("Schlüssel")));
			INSERT INTO "Zählung" VALUES ('Öl')`,
			{ database: 'n8n' },
		);
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const refusal = await restore(server, { artifactPath: path, manifest }).catch((error: Error) => error);
		expect((refusal as Error).message.replace(/line \d+ of the dump/, 'line N of the dump')).toBe(
			'The server refused line N of the dump, row 1 of public."Zählung": Das Maß »Öl« fehlt. ' +
				'DETAIL: Es heißt Größe. HINT: Früher prüfen! CONTEXT: PL/pgSQL function public."prüfe"(text) line 3 at RAISE ' +
				'COPY Zählung, line 1: "Öl". Look at that line of the dump; nothing that was there before was changed.',
		);
	});

	test.each(Object.entries(engines))(
		'that cannot be made by the engine %s says so as the server meant it',
		async (_name, engine) => {
			const clerk = connectionTo(server, { user: 'clerk', password: 'clerk' });
			await expect(readDump(engine(clerk, requestFor('n8n')))).rejects.toThrow(
				`pg_dump failed on the database “n8n” of PostgreSQL at 127.0.0.1:${server.port}: error: query failed: ERROR:  ` +
					'permission denied for schema Bücher. Connect as the owner or a superuser, ',
			);
		},
	);

	test('names the roles that are missing', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await server.query('ALTER ROLE "Größter" RENAME TO "Kleinster"', { database: 'n8n' });
		try {
			const { warnings } = await restore(server, {
				artifactPath: path,
				manifest,
				options: { missingRoles: 'skip' },
			});
			expect(warnings).toEqual([
				'The server has no role "Größter": 1 statements that name it were left out.',
			]);
		} finally {
			await server.query('ALTER ROLE "Kleinster" RENAME TO "Größter"', { database: 'n8n' });
		}
	});
});

test('an owner whose name the dump’s encoding cannot say is refused before anything is restored', async () => {
	await create('LATIN1');
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	await expect(
		restore(server, { artifactPath: path, manifest, options: { owners: { kind: 'one', role: '顧客' } } }),
	).rejects.toMatchObject({
		code: 'bad-parameter',
		message: expect.stringContaining('The name of the role "顧客" cannot be written in LATIN1') as string,
	});
});

test('names in SQL_ASCII that are no text at all are restored as they are, with a manifest and without', async () => {
	await server.createDatabase('n8n', `TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`);
	const sql = `CREATE TABLE "t\xe4" ("\xa0" text); INSERT INTO "t\xe4" VALUES ('\xff');
		ALTER TABLE "t\xe4" OWNER TO "${latin1('Käufer')}";`;
	await server.client('psql', ['-X', '-v', 'ON_ERROR_STOP=1'], {
		database: 'n8n',
		input: Buffer.from(sql, 'latin1'),
	});
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const options = { owners: { kind: 'map', roles: { Käufer: 'postgres' } } } as const;
	await restore(server, { artifactPath: path, manifest, options });
	await restore(server, { artifactPath: path, options, target: { kind: 'new', database: 'bare' } });
	const owned = (await fingerprint(server, 'n8n')).replaceAll(
		pg.escapeIdentifier(latin1('Käufer')),
		'postgres',
	);
	const plain = (text: string) => text.replace(/Owner: .*/g, '');
	for (const database of ['restored', 'bare']) {
		expect(plain(await fingerprint(server, database))).toBe(plain(owned));
	}
});

/** UTF-8 as the characters of its bytes. */
function latin1(text: string): string {
	return Buffer.from(text).toString('latin1');
}
