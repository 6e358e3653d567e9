import type { TextQueries } from '../postgres/queries';
import { quoteIdentifier } from '../postgres/sql';
import { failed, type Finding, passed } from './finding';

/** What the server says of the role that asks. */
interface Role {
	name: string;
	isSuperuser: boolean;
	mayCreateDatabases: boolean;
	database: string;
	major: number;
}

/** A table or sequence, and what a dump of it lacks. */
interface Closed {
	schema: string;
	name: string;
	owner: string;
	isVeiled: boolean;
}

const role = `SELECT current_user AS name, rolsuper AS "isSuperuser", rolcreatedb AS "mayCreateDatabases",
	pg_catalog.current_database() AS database, pg_catalog.current_setting('server_version_num')::int / 10000 AS major
	FROM pg_catalog.pg_roles WHERE rolname = current_user`;

/** pg_dump locks and reads tables and reads sequences; extensions' own are theirs. */
const closed = `SELECT nspname AS schema, relname AS name, pg_catalog.pg_get_userbyid(relowner) AS owner,
	pg_catalog.row_security_active(c.oid) AS "isVeiled"
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
	AND NOT EXISTS (
		SELECT FROM pg_catalog.pg_depend
		WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid AND deptype = 'e'
	)
	AND (pg_catalog.row_security_active(c.oid) OR NOT (
		pg_catalog.has_schema_privilege(n.oid, 'USAGE')
		AND CASE relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
			ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END
	))
	ORDER BY nspname, relname`;

/** How many tables a finding names. */
const named = 5;

/** Whether the role may read every table and sequence; where not, the least that lets it, as SQL. */
export async function checkPostgresRights(check: string, queries: TextQueries): Promise<Finding> {
	const asked = await queries.query<Role & Record<string, unknown>>(role);
	const { rows } = await queries.query<Closed & Record<string, unknown>>(closed);
	const me = asked.rows[0]!;
	const restoring =
		me.isSuperuser || me.mayCreateDatabases ? '' : ' It may create no database: restore as another one.';
	if (rows.length === 0) {
		const who = `${me.name} ${me.isSuperuser ? 'is a superuser and' : ''} may read every table and sequence of ${me.database}.`;
		const found = `${who.replaceAll('  ', ' ')}${restoring}`;
		return passed(
			check,
			found,
			me.isSuperuser ? `A role that may only read is enough: ${leastRole(me)}` : '',
		);
	}
	const names = rows.slice(0, named).map(({ schema, name }) => `${schema}.${name}`);
	const more = rows.length > named ? ` and ${rows.length - named} more` : '';
	const found = `${me.name} may not read all of ${names.join(', ')}${more}.${restoring}`;
	return failed(check, found, `As a superuser: ${grants(me, rows).join(' ')}`);
}

/** The least that a role needs, for one that is made for backups. */
function leastRole({ database, major }: Role): string {
	const own = { name: 'n8n_backup', major };
	return [
		`CREATE ROLE n8n_backup LOGIN PASSWORD '…';`,
		`GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO n8n_backup;`,
		...readAll(own, []),
	].join(' ');
}

function grants(me: Role, rows: readonly Closed[]): string[] {
	const name = quoteIdentifier(me.name);
	const veiled = rows.some(({ isVeiled }) => isVeiled) ? [`ALTER ROLE ${name} BYPASSRLS;`] : [];
	const unread = rows.filter(({ isVeiled }) => !isVeiled);
	return [...(unread.length > 0 ? readAll(me, unread) : []), ...veiled];
}

/** One role that reads everything, from PostgreSQL 14 on; before that, what is there and what its owners make later. */
function readAll({ name, major }: Pick<Role, 'name' | 'major'>, rows: readonly Closed[]): string[] {
	const to = `TO ${name === 'n8n_backup' ? name : quoteIdentifier(name)};`;
	if (major >= 14) return [`GRANT pg_read_all_data ${to}`];
	const schemas = rows.length === 0 ? ['public'] : [...new Set(rows.map(({ schema }) => schema))];
	return schemas.flatMap((one) => {
		const schema = quoteIdentifier(one);
		const owners = [...new Set(rows.filter((row) => row.schema === one).map(({ owner }) => owner))];
		return [
			`GRANT USAGE ON SCHEMA ${schema} ${to}`,
			`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} ${to}`,
			`GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schema} ${to}`,
			...owners.flatMap((owner) =>
				['TABLES', 'SEQUENCES'].map(
					(kind) =>
						`ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(owner)} IN SCHEMA ${schema} GRANT SELECT ON ${kind} ${to}`,
				),
			),
		];
	});
}
