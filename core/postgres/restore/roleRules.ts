import { identifier, identifierList, qualifiedName, quoteIdentifier, unquote } from '../sql';
import { CreatedRoles } from './createdRoles';
import type { RestoreOptions } from './request';

/** What becomes of one statement: its text, changed or not; undefined leaves it out. */
export type RuledStatement = string | undefined;

const ownerStatement = new RegExp(`^(ALTER [^]* OWNER TO )(${identifier});$`);
const policyRoles = new RegExp(
	`^CREATE POLICY ${identifier} ON ${qualifiedName}(?: AS \\w+)?(?: FOR \\w+)? TO (${identifierList})`,
);
const grant = /^(?:GRANT|REVOKE) /;
const defaultPrivileges = new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE (${identifier}) `);
const grantees = new RegExp(`(?: TO | FROM )(${identifierList})(?: WITH GRANT OPTION)?;$`);
const sessionAuthorization = new RegExp(`^SET SESSION AUTHORIZATION (${identifier});$`);
const userMapping = new RegExp(`^(?:CREATE|ALTER) USER MAPPING FOR (${identifier}) `);

/** Words that stand for a role without being one's name. */
const pseudoRoles = new Set(['PUBLIC', 'CURRENT_USER', 'CURRENT_ROLE', 'SESSION_USER']);

/** Whatever a statement of a dump can have to do with roles begins with one of these. */
const concerned = /^(?:ALTER|GRANT|REVOKE|SET SESSION|RESET SESSION|CREATE POLICY|CREATE USER MAPPING)\b/;

/** Applies the options that concern roles to a dump's statements, one by one. */
export class RoleRules {
	readonly #options: RestoreOptions;
	readonly #existingRoles: ReadonlySet<string>;
	/** Roles that the server lacks, with the number of statements that were left out for each. */
	readonly missing = new Map<string, number>();

	readonly #created: CreatedRoles;

	/** @param existingRoles names of the roles that the server has */
	constructor(options: RestoreOptions, existingRoles: ReadonlySet<string>) {
		this.#options = options;
		this.#existingRoles = existingRoles;
		this.#created = new CreatedRoles(existingRoles);
	}

	/** Whether a statement that begins like this can name a role at all; most do not. */
	static concern(beginning: string): boolean {
		return concerned.test(beginning);
	}

	apply(statement: string): RuledStatement {
		const ruled = this.#applyOptions(statement);
		if (ruled === undefined || this.#options.missingRoles !== 'skip') return ruled;
		const absent = rolesIn(ruled).find((role) => !this.#existingRoles.has(role));
		if (absent === undefined) return ruled;
		this.missing.set(absent, (this.missing.get(absent) ?? 0) + 1);
		return undefined;
	}

	/** What is to be run before a ruled statement: where missing roles are created, what those need that it names. */
	before(ruled: string): string[] {
		return this.#options.missingRoles === 'create' ? this.#created.before(ruled, rolesIn(ruled)) : [];
	}

	#applyOptions(statement: string): RuledStatement {
		if (this.#options.privileges === 'skip' && isPrivilege(statement)) return undefined;
		const rule = this.#options.owners ?? { kind: 'as-dumped' };
		const owner = ownerStatement.exec(statement);
		switch (rule.kind) {
			case 'as-dumped':
				return statement;
			case 'connecting-user':
				return owner ? undefined : statement;
			case 'one':
				return owner ? `${owner[1]}${quoteIdentifier(rule.role)};` : statement;
			case 'map':
				return replaceRoles(statement, rule.roles);
		}
	}
}

function isPrivilege(statement: string): boolean {
	return grant.test(statement) || defaultPrivileges.test(statement) || sessionAuthorization.test(statement);
}

/** The names of the roles that a statement needs. */
function rolesIn(statement: string): string[] {
	return roleLists(statement)
		.flatMap(({ list }) => splitRoles(list))
		.filter((role) => !pseudoRoles.has(role))
		.map(unquote);
}

/** The lists of roles in a statement, and where each of them is. */
function roleLists(statement: string): Array<{ list: string; at: number }> {
	const patterns = [ownerStatement, policyRoles, defaultPrivileges, sessionAuthorization, userMapping];
	if (grant.test(statement) || defaultPrivileges.test(statement)) patterns.push(grantees);
	return patterns.flatMap((pattern) => {
		const match = pattern.exec(statement);
		const list = match?.at(-1);
		if (!match || list === undefined) return [];
		return [{ list, at: match.index + match[0].lastIndexOf(list) }];
	});
}

function replaceRoles(statement: string, roles: Record<string, string>): string {
	// From the end, so that positions further left stay right.
	const lists = roleLists(statement).sort((a, b) => b.at - a.at);
	return lists.reduce((text, { list, at }) => {
		const replaced = splitRoles(list).map((written) => {
			const other = roles[unquote(written)];
			return other === undefined ? written : quoteIdentifier(other);
		});
		return `${text.slice(0, at)}${replaced.join(', ')}${text.slice(at + list.length)}`;
	}, statement);
}

function splitRoles(list: string): string[] {
	return list.match(new RegExp(identifier, 'g')) ?? [];
}
