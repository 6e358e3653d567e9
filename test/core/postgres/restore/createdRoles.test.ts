import { CreatedRoles } from '../../../../core/postgres/restore/createdRoles';

/** Everything that is run for a dump's statements, in its order; each comes with the roles that it names. */
function ranFor(...statements: Array<[statement: string, ...named: string[]]>): string[] {
	const roles = new CreatedRoles(new Set(['postgres']));
	return statements.flatMap(([statement, ...named]) => [...roles.before(statement, named), statement]);
}

test('a role is created once, before the first statement that names it', () => {
	expect(
		ranFor(
			['ALTER TABLE t OWNER TO "a b";', 'a b'],
			['ALTER TABLE u OWNER TO "a b";', 'a b'],
			['GRANT SELECT ON t TO postgres;', 'postgres'],
		),
	).toEqual([
		'CREATE ROLE "a b" SUPERUSER;',
		'ALTER TABLE t OWNER TO "a b";',
		'ALTER TABLE u OWNER TO "a b";',
		'GRANT SELECT ON t TO postgres;',
	]);
});

test('statements run as a role that may not everything, and it may again afterwards', () => {
	expect(
		ranFor(
			['SET SESSION AUTHORIZATION a;', 'a'],
			['GRANT SELECT ON t TO postgres;', 'postgres'],
			['RESET SESSION AUTHORIZATION;'],
			['ALTER EVENT TRIGGER e OWNER TO a;', 'a'],
		),
	).toEqual([
		'CREATE ROLE "a" SUPERUSER;',
		'ALTER ROLE "a" NOSUPERUSER;',
		'SET SESSION AUTHORIZATION a;',
		'GRANT SELECT ON t TO postgres;',
		'RESET SESSION AUTHORIZATION;',
		'ALTER ROLE "a" SUPERUSER;',
		'ALTER EVENT TRIGGER e OWNER TO a;',
	]);
});

test('a role that is first named while another acts is created by whoever may', () => {
	expect(
		ranFor(
			['SET SESSION AUTHORIZATION a;', 'a'],
			['GRANT SELECT ON t TO b;', 'b'],
			['RESET SESSION AUTHORIZATION;'],
		).slice(2),
	).toEqual([
		'SET SESSION AUTHORIZATION a;',
		'RESET SESSION AUTHORIZATION;',
		'CREATE ROLE "b" SUPERUSER;',
		'SET SESSION AUTHORIZATION a;',
		'GRANT SELECT ON t TO b;',
		'RESET SESSION AUTHORIZATION;',
	]);
});

test('roles that were there keep what they may', () => {
	expect(ranFor(['SET SESSION AUTHORIZATION postgres;', 'postgres'])).toEqual([
		'SET SESSION AUTHORIZATION postgres;',
	]);
});
