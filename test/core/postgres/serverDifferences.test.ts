import { assertNotOlder, fitHeadToServer, isKnownSetting } from '../../../core/postgres/serverDifferences';

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

const head = (version: string, setting = 'SET transaction_timeout = 0;\n') =>
	Buffer.from(`--
-- PostgreSQL database dump
--

-- Dumped from database version ${version}
-- Dumped by pg_dump version 18.3

SET lock_timeout = 0;
${setting}SET client_encoding = 'UTF8';

SELECT '
SET transaction_timeout = 0;
';
`);

test.each(['13.23', '16.14 (Debian 16.14-1)'])(
	'a server of version %s does not know transaction_timeout',
	(version) => {
		expect(fitHeadToServer(head(version)).toString()).toBe(head(version, '').toString());
	},
);

test.each(['17.0', '18.4'])('a server of version %s knows it', (version) => {
	expect(fitHeadToServer(head(version))).toEqual(head(version));
});

test('a head that says nothing of its server stays as it is', () => {
	expect(fitHeadToServer(Buffer.from('SET transaction_timeout = 0;\n')).toString()).toBe(
		'SET transaction_timeout = 0;\n',
	);
});
