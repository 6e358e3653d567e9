import { gunzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import type { PostgresConnection } from '../../../../core/postgres/connect/connection';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, fingerprint } from '../support/dumps';
import { restore } from '../support/restoring';
import { type SshServer, startSshServer } from '../support/sshServer';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;
let ssh: SshServer;

beforeAll(async () => {
	server = await startPostgres({ tls: true });
	ssh = await startSshServer();
	await server.createDatabase('source');
	// More than fits into the buffers of any of them.
	await server.psql(
		`CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 20000) n;
		CREATE INDEX ON big (n); CREATE INDEX ON big (text);`,
		{ database: 'source' },
	);
});
afterAll(async () => {
	await ssh.stop();
	await server.stop();
});

const transports: Record<string, () => Partial<PostgresConnection>> = {
	TLS: () => ({ tls: { mode: 'require', verifyCertificate: true, ca: server.ca } }),
	'a Unix socket': () => ({ host: server.socketDir }),
	'an SSH tunnel': () => ({
		sshTunnel: { host: '127.0.0.1', port: ssh.port, user: ssh.user, password: ssh.password },
	}),
	'an SSH tunnel and TLS': () => ({
		sshTunnel: { host: '127.0.0.1', port: ssh.port, user: ssh.user, password: ssh.password },
		tls: { mode: 'require', verifyCertificate: true, ca: server.ca },
	}),
};

test.each(Object.keys(transports))('a restore through %s brings everything back', async (transport) => {
	const { path, manifest } = await backUp(server, 'source', directory.path());
	expect(gunzipSync(await readFile(path)).length).toBeGreaterThan(16 * 1024 * 1024);
	const connection = connectionTo(server, transports[transport]?.());
	const target = { kind: 'new', database: `through ${transport}` } as const;

	const report = await restore(server, { artifactPath: path, manifest, connection, target });

	expect(report.comparison).toMatchObject({ rows: 20_000, differences: [] });
	expect(await fingerprint(server, target.database)).toBe(await fingerprint(server, 'source'));
	expect(ssh.connections()).toBe(0);
});
