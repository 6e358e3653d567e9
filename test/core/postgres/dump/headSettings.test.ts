import { fitHeadToServer } from '../../../../core/postgres/dump/headSettings';

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
