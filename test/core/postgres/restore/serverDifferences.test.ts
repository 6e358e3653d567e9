import { assertNotOlder, isKnownSetting } from '../../../../core/postgres/restore/serverDifferences';

test('settings of pg_dump’s own version are left out for servers that do not know them', () => {
	expect(isKnownSetting('SET transaction_timeout = 0;', 16)).toBe(false);
	expect(isKnownSetting('SET transaction_timeout = 0;', 17)).toBe(true);
	expect(isKnownSetting('SET default_table_access_method = heap;', 11)).toBe(false);
	expect(isKnownSetting('SET statement_timeout = 0;', 10)).toBe(true);
	expect(isKnownSetting('CREATE TABLE t ();', 10)).toBe(true);
});

test('an older server than the dump’s is refused, one as old or newer is not', () => {
	expect(() => assertNotOlder(15, '16.2 (Debian 16.2-1)', 'PostgreSQL at db:5432')).toThrow(
		'The backup is of PostgreSQL 16 and PostgreSQL at db:5432 is PostgreSQL 15, which is older. ' +
			'Restore into PostgreSQL 16 or newer; nothing was changed.',
	);
	assertNotOlder(16, '16.2', 'db');
	assertNotOlder(17, '16.2', 'db');
	assertNotOlder(10, undefined, 'db');
});
