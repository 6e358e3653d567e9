import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../sql';

/** What a database is beside what is in it. No dump of one database has it, and a replacement must keep it. */
export interface DatabaseProperties {
	/** The clauses of CREATE DATABASE that cannot be changed later. */
	creation: string;
	owner: string;
	connectionLimit: number;
	comment: string | null;
	/** Undefined: the privileges that every database begins with. */
	grants?: Array<{ grantee: string | null; privilege: string; grantable: boolean }>;
	settings: Array<{ role: string | null; name: string; value: string }>;
}

interface DatabaseRow {
	encoding: string;
	owner: string;
	tablespace: string;
	comment: string | null;
	/** pg_database's row, whose columns differ from version to version. */
	row: Record<string, string | number | null>;
}

/** Settings whose value is a list of names, which SET wants one by one. */
const listSettings = new Set([
	'local_preload_libraries',
	'search_path',
	'session_preload_libraries',
	'temp_tablespaces',
]);

/** Reads them from a server of any version; undefined when there is no such database. */
export async function readDatabaseProperties(
	client: pg.Client,
	database: string,
): Promise<DatabaseProperties | undefined> {
	const found = await client.query<DatabaseRow>(
		`SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding,
			pg_catalog.pg_get_userbyid(datdba) AS owner,
			spcname AS tablespace,
			pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
			pg_catalog.to_jsonb(d) AS row
		FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = dattablespace
		WHERE datname = $1`,
		[database],
	);
	const properties = found.rows[0];
	if (!properties) return undefined;
	return {
		creation: creationClauses(properties),
		owner: properties.owner,
		connectionLimit: Number(properties.row.datconnlimit),
		comment: properties.comment,
		grants: properties.row.datacl === null ? undefined : await readGrants(client, database),
		settings: await readSettings(client, database),
	};
}

/** The statements that give an existing database these properties. */
export function adoptionStatements(database: string, properties: DatabaseProperties): string[] {
	const name = quoteIdentifier(database);
	const { owner, connectionLimit, comment, grants, settings } = properties;
	return [
		`ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(owner)}`,
		...(connectionLimit === -1 ? [] : [`ALTER DATABASE ${name} CONNECTION LIMIT ${connectionLimit}`]),
		...(comment === null ? [] : [`COMMENT ON DATABASE ${name} IS ${quoteLiteral(comment)}`]),
		...(grants ? [`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`] : []),
		...(grants ?? []).map(({ grantee, privilege, grantable }) => {
			const role = grantee === null ? 'PUBLIC' : quoteIdentifier(grantee);
			return `GRANT ${privilege} ON DATABASE ${name} TO ${role}${grantable ? ' WITH GRANT OPTION' : ''}`;
		}),
		...settings.map(({ role, name: setting, value }) => {
			const whose = role === null ? `DATABASE ${name}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${name}`;
			return `ALTER ${whose} SET ${quoteSetting(setting)} TO ${settingValue(setting, value)}`;
		}),
	];
}

function creationClauses({ encoding, tablespace, row }: DatabaseRow): string {
	const clauses = [
		`ENCODING ${quoteLiteral(encoding)}`,
		`LC_COLLATE ${quoteLiteral(String(row.datcollate))}`,
		`LC_CTYPE ${quoteLiteral(String(row.datctype))}`,
		// The usual one need not be named, and naming it takes a privilege.
		...(tablespace === 'pg_default' ? [] : [`TABLESPACE ${quoteIdentifier(tablespace)}`]),
	];
	const locale = row.datlocale ?? row.daticulocale;
	if (row.datlocprovider === 'i')
		clauses.push('LOCALE_PROVIDER icu', `ICU_LOCALE ${quoteLiteral(String(locale))}`);
	if (row.datlocprovider === 'b') {
		clauses.push('LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${quoteLiteral(String(locale))}`);
	}
	if (row.daticurules) clauses.push(`ICU_RULES ${quoteLiteral(String(row.daticurules))}`);
	return clauses.join(' ');
}

async function readGrants(client: pg.Client, database: string): Promise<DatabaseProperties['grants']> {
	const result = await client.query<{ grantee: string | null; privilege: string; grantable: boolean }>(
		`SELECT rolname AS grantee, privilege_type AS privilege, is_grantable AS grantable
		FROM pg_catalog.pg_database d
		CROSS JOIN LATERAL pg_catalog.aclexplode(datacl) AS acl
		LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = acl.grantee
		WHERE datname = $1 AND (acl.grantee = 0 OR rolname IS NOT NULL)`,
		[database],
	);
	return result.rows;
}

async function readSettings(client: pg.Client, database: string): Promise<DatabaseProperties['settings']> {
	const result = await client.query<{ role: string | null; setting: string }>(
		`SELECT rolname AS role, pg_catalog.unnest(setconfig) AS setting
		FROM pg_catalog.pg_db_role_setting
		JOIN pg_catalog.pg_database d ON d.oid = setdatabase
		LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole
		WHERE datname = $1`,
		[database],
	);
	return result.rows.map(({ role, setting }) => {
		const [name = '', ...rest] = setting.split('=');
		return { role, name, value: rest.join('=') };
	});
}

/** Settings of extensions have a dot between two names. */
function quoteSetting(name: string): string {
	return name.split('.').map(quoteIdentifier).join('.');
}

function settingValue(name: string, value: string): string {
	if (!listSettings.has(name.toLowerCase())) return quoteLiteral(value);
	const names = value.match(/"(?:[^"]|"")*"|[^\s,"]+/g) ?? [''];
	return names
		.map((written) => (written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written))
		.map(quoteLiteral)
		.join(', ');
}
