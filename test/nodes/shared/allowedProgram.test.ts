import { allowedProgram } from '../../../nodes/shared/allowedProgram';

const listed = { N8N_BACKUP_PROGRAMS: '/usr/lib/postgresql/17/bin/pg_dump; /opt/pg/bin//pg_dump ;' };

test.each(['pg_dump', 'pg_dump-17', 'pg_dump-9'])('%s is looked up on PATH', (name) => {
	expect(allowedProgram(name, 'pg_dump', {})).toBe(name);
});

test.each(['/usr/lib/postgresql/17/bin/pg_dump', '/opt/pg/bin/pg_dump'])(
	'%s may be run because the administrator lists it',
	(path) => {
		expect(allowedProgram(path, 'pg_dump', listed)).toBe(path);
		expect(() => allowedProgram(path, 'pg_dump', {})).toThrow(
			`Program Path: nodes may not run ${path}. Use pg_dump or pg_dump-17 (found on n8n’s PATH), or have N8N_BACKUP_PROGRAMS in n8n’s environment list the full path.`,
		);
	},
);

test.each([
	'',
	'sh',
	'./pg_dump',
	'pg_dump ',
	'pg_dump-17;sh',
	'pg_dump\n',
	'/tmp/pg_dump',
	'../pg_dump',
	'/usr/lib/postgresql/17/bin/../../../../../tmp/pg_dump',
	'/opt/pg/bin/',
	'bin/pg_dump',
])('%j is refused whatever lies there', (path) => {
	expect(() => allowedProgram(path, 'pg_dump', listed)).toThrow('nodes may not run');
});
