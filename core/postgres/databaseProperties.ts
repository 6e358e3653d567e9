import type pg from 'pg';
import type { DatabaseProperties } from '../artifact';
import { quoteLiteral } from './sql';

/** The answer to {@link propertiesQuestion}. */
interface Answer {
	/** pg_database's row, whose columns differ from version to version. */
	row: Record<string, string | number | null>;
	encoding: string;
	owner: string;
	tablespace: string;
	comment: string | null;
	grants: Array<{ grantee: string | null; privilege: string; grantable: boolean }> | null;
	settings: Array<{ role: string | null; setting: string }> | null;
}

/**
 * A question to a server of any version, whose answer is one line of JSON for {@link parseProperties}, and none when
 * there is no such database.
 *
 * @param database the one that is asked when undefined
 */
export function propertiesQuestion(database?: string): string {
	const name = database === undefined ? 'pg_catalog.current_database()' : quoteLiteral(database);
	return `SELECT pg_catalog.json_build_object(
		'row', pg_catalog.to_jsonb(d),
		'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
		'owner', pg_catalog.pg_get_userbyid(d.datdba),
		'tablespace', t.spcname,
		'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
		'grants', (
			SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
				'grantee', r.rolname, 'privilege', acl.privilege_type, 'grantable', acl.is_grantable))
			FROM pg_catalog.aclexplode(d.datacl) AS acl
			LEFT JOIN pg_catalog.pg_roles r ON r.oid = acl.grantee
			WHERE acl.grantee = 0 OR r.rolname IS NOT NULL
		),
		'settings', (
			SELECT pg_catalog.json_agg(pg_catalog.json_build_object('role', r.rolname, 'setting', one.setting))
			FROM pg_catalog.pg_db_role_setting s
			CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS one (setting)
			LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
			WHERE s.setdatabase = d.oid
		))::text AS line
	FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
	WHERE d.datname = ${name}`;
}

/** The properties in a line that answers {@link propertiesQuestion}. */
export function parseProperties(line: string): DatabaseProperties {
	const { row, encoding, owner, tablespace, comment, grants, settings } = JSON.parse(line) as Answer;
	const provider = { i: 'icu', b: 'builtin' } as const;
	const localeProvider = provider[String(row.datlocprovider) as keyof typeof provider];
	return {
		owner,
		encoding,
		collate: String(row.datcollate),
		ctype: String(row.datctype),
		localeProvider,
		locale: localeProvider && textOf(row.datlocale ?? row.daticulocale),
		icuRules: textOf(row.daticurules),
		tablespace: tablespace === 'pg_default' ? undefined : tablespace,
		connectionLimit: Number(row.datconnlimit),
		comment: textOf(comment),
		grants:
			row.datacl === null
				? undefined
				: (grants ?? []).map(({ grantee, ...grant }) => {
						return { grantee: textOf(grantee), ...grant };
					}),
		settings: (settings ?? []).map(({ role, setting }) => {
			const [name = '', ...rest] = setting.split('=');
			return { role: textOf(role), name, value: rest.join('=') };
		}),
	};
}

/** Leaves out settings with a dot in their names: applications keep what they like in them, secrets as well. */
export function withoutSecrets(properties: DatabaseProperties): DatabaseProperties {
	return { ...properties, settings: properties.settings.filter(({ name }) => !name.includes('.')) };
}

/** Reads them over a connection to any database of the server; undefined when there is no database of that name. */
export async function readDatabaseProperties(
	client: pg.Client,
	database: string,
): Promise<DatabaseProperties | undefined> {
	const { rows } = await client.query<{ line: string }>(propertiesQuestion(database));
	return rows[0] && parseProperties(rows[0].line);
}

function textOf(value: string | number | null | undefined): string | undefined {
	return value === null || value === undefined ? undefined : String(value);
}
