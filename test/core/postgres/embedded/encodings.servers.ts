import { drill } from '../../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { never } from '../support/dumps';
import { dropDatabases } from '../support/restoring';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const createIn = (encoding: string) =>
	server.createDatabase('n8n', `TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`);

/** Drills a backup of the database that is there; everything about it must have held. */
async function expectProven(rows: string): Promise<void> {
	const { path } = await backUp(server, 'n8n', directory.path());

	const report = await drill({ root: directory.path(), timeZone: 'UTC', artifactPath: path }, never);

	expect(report.obstacle?.message).toBeUndefined();
	expect(report.checks.filter(({ result }) => result !== 'passed')).toEqual([]);
	expect(report.checks.find(({ check }) => check === 'rows')?.detail).toBe(rows);
}

/**
 * Text that each encoding can say, as the server converts it from UTF-8. Its length in characters is a condition of the
 * table, so other characters would not get in.
 */
test.each([
	['LATIN1', 'Größe'],
	['LATIN9', 'Größe €'],
	['LATIN2', 'Žluťoučký'],
	['WIN1252', '„Größe“ €'],
	['WIN1251', 'Привет'],
	['WIN866', 'Привет'],
	['KOI8R', 'Привет'],
	['ISO_8859_7', 'Καλημέρα'],
	['EUC_JP', '顧客の名前'],
	['EUC_KR', '고객 이름'],
	['EUC_CN', '客户名称'],
])('a backup of a database in %s is proven inside n8n, names and texts', async (encoding, text) => {
	await createIn(encoding);
	await server.psql(
		`\\encoding UTF8
		CREATE SCHEMA "${text}";
		CREATE TABLE "${text}"."1 ${text}" (a varchar(${text.length}) UNIQUE CHECK (length(a) = ${text.length}));
		INSERT INTO "${text}"."1 ${text}" VALUES ('${text}');
		CREATE ROLE "${text} ${encoding}";
		ALTER TABLE "${text}"."1 ${text}" OWNER TO "${text} ${encoding}";
		CREATE TABLE plain AS SELECT '${text}'::text AS a FROM generate_series(1, 200000);`,
		{ database: 'n8n' },
	);

	await expectProven('All 2 tables have the 200001 rows that were backed up.');
});

test('and so is one in SQL_ASCII, whose texts and names are no text in any encoding', async () => {
	await createIn('SQL_ASCII');
	const sql = `CREATE TABLE "t\xe4" ("\xa0" text UNIQUE CHECK (octet_length("\xa0") = 2));
		INSERT INTO "t\xe4" VALUES ('\xff\xfe'), ('\xfe\xff');
		CREATE TABLE plain AS SELECT 'gr\xc3\xbcn'::varchar(5) AS a FROM generate_series(1, 10);`;
	await server.client('psql', ['-X', '-v', 'ON_ERROR_STOP=1'], {
		database: 'n8n',
		input: Buffer.from(sql, 'latin1'),
	});

	await expectProven('All 2 tables have the 12 rows that were backed up.');
});
