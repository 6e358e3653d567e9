import type { DatabaseProperties } from '../../artifact';
import { errorMessage } from '../../errors';
import { quoteIdentifier, quoteLiteral } from '../sql';
import type { Maintenance } from './maintenance';
import type { OwnerRule, RestoreOptions } from './request';

/** Settings whose value is a list of names, which SET needs one by one. */
const listSettings = new Set([
	'local_preload_libraries',
	'search_path',
	'session_preload_libraries',
	'temp_tablespaces',
]);

/** The clauses of CREATE DATABASE for what cannot be changed later. */
export function creationClauses(properties: DatabaseProperties): string {
	const { encoding, collate, ctype, localeProvider, locale = '', icuRules, tablespace } = properties;
	const clauses = [
		`ENCODING ${quoteLiteral(encoding)}`,
		`LC_COLLATE ${quoteLiteral(collate)}`,
		`LC_CTYPE ${quoteLiteral(ctype)}`,
		// The usual one does not have to be named, and naming it takes a privilege.
		...(tablespace === undefined ? [] : [`TABLESPACE ${quoteIdentifier(tablespace)}`]),
	];
	if (localeProvider === 'icu') clauses.push('LOCALE_PROVIDER icu', `ICU_LOCALE ${quoteLiteral(locale)}`);
	if (localeProvider === 'builtin') {
		clauses.push('LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${quoteLiteral(locale)}`);
	}
	if (icuRules !== undefined) clauses.push(`ICU_RULES ${quoteLiteral(icuRules)}`);
	return clauses.join(' ');
}

/** The statements that give an existing database these properties; the owner last, who may be somebody else. */
export function adoptionStatements(database: string, properties: DatabaseProperties): string[] {
	const name = quoteIdentifier(database);
	const { owner, connectionLimit, comment, grants, settings } = properties;
	return [
		...(connectionLimit < 0 ? [] : [`ALTER DATABASE ${name} CONNECTION LIMIT ${connectionLimit}`]),
		`COMMENT ON DATABASE ${name} IS ${comment === undefined ? 'NULL' : quoteLiteral(comment)}`,
		...(grants ? [`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`] : []),
		...(grants ?? []).map(({ grantee, privilege, grantable }) => {
			const role = grantee === undefined ? 'PUBLIC' : quoteIdentifier(grantee);
			return `GRANT ${privilege} ON DATABASE ${name} TO ${role}${grantable ? ' WITH GRANT OPTION' : ''}`;
		}),
		...settings.map(({ role, name: setting, value }) => {
			const whose =
				role === undefined ? `DATABASE ${name}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${name}`;
			return `ALTER ${whose} SET ${quoteSetting(setting)} TO ${settingValue(setting, value)}`;
		}),
		ownerStatement(name, owner),
	];
}

/** The owner that the options give to everything; undefined when they leave it to the dump or to who connects. */
export function chosenOwner(owners: OwnerRule | undefined): string | undefined {
	return owners?.kind === 'one' ? owners.role : undefined;
}

/**
 * Gives a new database what the one had that was dumped, as far as the server has its roles and the user may.
 *
 * @param dumped undefined where nobody wrote it down
 * @returns what could not be had, in sentences
 * @throws BackupError when the owner that the options demand cannot have it
 */
export async function adoptNew(
	maintenance: Maintenance,
	database: string,
	{ dumped, options }: { dumped: DatabaseProperties | undefined; options: RestoreOptions },
	signal: AbortSignal,
): Promise<string[]> {
	const { connection } = maintenance;
	const demanded = chosenOwner(options.owners);
	const warnings: string[] = [];
	await maintenance.use(async (client) => {
		const { rows } = await client.query<{ rolname: string }>('SELECT rolname FROM pg_catalog.pg_roles');
		const roles = new Set(rows.map(({ rolname }) => rolname));
		const name = quoteIdentifier(database);
		const wanted = dumped && fitted(dumped, { options, roles, connecting: connection.user });
		const statements = wanted
			? adoptionStatements(database, wanted)
			: [
					`COMMENT ON DATABASE ${name} IS NULL`,
					...(demanded === undefined ? [] : [ownerStatement(name, demanded)]),
				];
		for (const statement of statements) {
			try {
				await client.query(statement);
			} catch (error) {
				if (demanded !== undefined && statement === ownerStatement(name, demanded)) throw error;
				warnings.push(`The new database lacks what the old one had (${statement}): ${errorMessage(error)}.`);
			}
		}
		if (wanted && dumped && !roles.has(mapped(dumped.owner, options))) {
			warnings.push(
				`The server has no role "${dumped.owner}": the new database belongs to "${wanted.owner}".`,
			);
		}
	}, signal);
	return warnings;
}

interface Fitting {
	options: RestoreOptions;
	roles: ReadonlySet<string>;
	connecting: string;
}

/** The properties with the options' roles, and without roles that the server lacks. */
function fitted(dumped: DatabaseProperties, { options, roles, connecting }: Fitting): DatabaseProperties {
	const owner = chosenOwner(options.owners) ?? mapped(dumped.owner, options);
	const belongsToUser = options.owners?.kind === 'connecting-user' || !roles.has(owner);
	const newOwner = belongsToUser ? connecting : owner;
	const fit = (role: string | undefined) =>
		role === dumped.owner ? newOwner : role && mapped(role, options);
	const isThere = (role: string | undefined) => role === undefined || roles.has(role);
	const grants = dumped.grants?.map((grant) => ({ ...grant, grantee: fit(grant.grantee) }));
	const settings = dumped.settings.map((setting) => ({ ...setting, role: fit(setting.role) }));
	return {
		...dumped,
		owner: newOwner,
		grants: options.privileges === 'skip' ? undefined : grants?.filter(({ grantee }) => isThere(grantee)),
		settings: settings.filter(({ role }) => isThere(role)),
	};
}

function mapped(role: string, { owners }: RestoreOptions): string {
	return (owners?.kind === 'map' ? owners.roles[role] : undefined) ?? role;
}

function ownerStatement(name: string, owner: string): string {
	return `ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(owner)}`;
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
