import { RoleRules } from '../../../../core/postgres/restore/roleRules';
import type { RestoreOptions } from '../../../../core/postgres/restore/request';

const apply = (options: RestoreOptions, statement: string, roles: string[] = []) =>
	new RoleRules(options, new Set(roles)).apply(statement);

const owner = 'ALTER TABLE app."odd; OWNER TO x" OWNER TO n8n;';
const policy =
	'CREATE POLICY own ON app.secrets AS RESTRICTIVE FOR SELECT TO n8n, "Reader ""of"" all" USING ((owner = n8n));';
const grant = 'GRANT SELECT(a),UPDATE(b) ON TABLE app.t TO n8n WITH GRANT OPTION;';
const defaults =
	'ALTER DEFAULT PRIVILEGES FOR ROLE n8n IN SCHEMA app GRANT SELECT ON TABLES TO "Reader ""of"" all";';

describe('owners', () => {
	test('stay as dumped unless told otherwise', () => {
		expect(apply({}, owner)).toBe(owner);
	});

	test('are left out for the connecting user', () => {
		expect(apply({ owners: { kind: 'connecting-user' } }, owner)).toBeUndefined();
		expect(apply({ owners: { kind: 'connecting-user' } }, 'ALTER TABLE t ADD a text;')).toBe(
			'ALTER TABLE t ADD a text;',
		);
	});

	test('become one role, quoted', () => {
		expect(apply({ owners: { kind: 'one', role: 'a "b"' } }, owner)).toBe(
			'ALTER TABLE app."odd; OWNER TO x" OWNER TO "a ""b""";',
		);
	});

	test.each([
		[owner, 'ALTER TABLE app."odd; OWNER TO x" OWNER TO "new";'],
		[
			policy,
			'CREATE POLICY own ON app.secrets AS RESTRICTIVE FOR SELECT TO "new", "other" USING ((owner = n8n));',
		],
		[grant, 'GRANT SELECT(a),UPDATE(b) ON TABLE app.t TO "new" WITH GRANT OPTION;'],
		[defaults, 'ALTER DEFAULT PRIVILEGES FOR ROLE "new" IN SCHEMA app GRANT SELECT ON TABLES TO "other";'],
		['REVOKE ALL ON SCHEMA public FROM n8n;', 'REVOKE ALL ON SCHEMA public FROM "new";'],
		['GRANT ALL ON SCHEMA public TO PUBLIC;', 'GRANT ALL ON SCHEMA public TO PUBLIC;'],
		['SET SESSION AUTHORIZATION n8n;', 'SET SESSION AUTHORIZATION "new";'],
		["INSERT INTO t VALUES (' OWNER TO n8n;');", "INSERT INTO t VALUES (' OWNER TO n8n;');"],
	])('are mapped wherever %s names them', (statement, expected) => {
		const roles = { n8n: 'new', 'Reader "of" all': 'other' };

		expect(apply({ owners: { kind: 'map', roles } }, statement)).toBe(expected);
	});
});

test.each([grant, defaults, 'REVOKE ALL ON SCHEMA public FROM n8n;', 'SET SESSION AUTHORIZATION n8n;'])(
	'without privileges there is no %s',
	(statement) => {
		expect(apply({ privileges: 'skip' }, statement)).toBeUndefined();
	},
);

test('without privileges policies and owners stay', () => {
	expect(apply({ privileges: 'skip' }, policy)).toBe(policy);
	expect(apply({ privileges: 'skip' }, owner)).toBe(owner);
});

test('statements that name missing roles are left out and counted where that is wanted', () => {
	const rules = new RoleRules({ missingRoles: 'skip' }, new Set(['n8n']));

	expect(rules.apply(owner)).toBe(owner);
	expect(rules.apply('GRANT ALL ON SCHEMA public TO PUBLIC;')).toBe('GRANT ALL ON SCHEMA public TO PUBLIC;');
	expect(rules.apply(policy)).toBeUndefined();
	expect(rules.apply(defaults)).toBeUndefined();
	expect(rules.missing).toEqual(new Map([['Reader "of" all', 2]]));
});

test('roles are looked for after they were mapped', () => {
	const rules = new RoleRules(
		{ missingRoles: 'skip', owners: { kind: 'map', roles: { n8n: 'new' } } },
		new Set(['new']),
	);

	expect(rules.apply(owner)).toMatch(/OWNER TO "new";$/);
});
