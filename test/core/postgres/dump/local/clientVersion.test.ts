import {
	parseClientVersion,
	assertClientNotOlder,
} from '../../../../../core/postgres/dump/local/clientVersion';

const server = (text: string) => ({ text, major: Number.parseInt(text, 10), isEncrypted: false });

test('a version is read with what the distribution added to it', () => {
	expect(parseClientVersion('pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n', 'pg_dump')).toEqual({
		text: '15.18 (Debian 15.18-0+deb12u1)',
		major: 15,
	});
});

test('a beta has a version, too', () => {
	expect(parseClientVersion('pg_dump (PostgreSQL) 19beta1', 'pg_dump').major).toBe(19);
});

test('another program is named with the first line of what it said', () => {
	expect(() => parseClientVersion('psql (PostgreSQL) 15.18\nmore', '/usr/bin/psql')).toThrow(
		'/usr/bin/psql is not a pg_dump: it says “psql (PostgreSQL) 15.18”. Give the path of pg_dump itself.',
	);
});

test('a client older than the server is refused with both versions named', () => {
	const client = parseClientVersion('pg_dump (PostgreSQL) 15.18', 'pg_dump');
	expect(() => assertClientNotOlder(client, server('18.4'))).toThrow(
		'The local pg_dump is version 15.18, too old for a server of version 18.4. ' +
			'Install pg_dump 18 or newer, or choose the engine “built-in”.',
	);
});

test.each(['15.3', '15.99', '13.23'])('a client of version 15.18 may dump a server of version %s', (text) => {
	const client = parseClientVersion('pg_dump (PostgreSQL) 15.18', 'pg_dump');
	expect(() => assertClientNotOlder(client, server(text))).not.toThrow();
});
