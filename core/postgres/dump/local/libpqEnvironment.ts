import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { scratchPrefixes } from '../../../files/scratchNames';
import { forwardLoopback } from '../../connect/loopbackForward';
import { connectTimeoutOf, hasTunnel, type PostgresConnection } from '../../connect/connection';
import { loginVariables, plainWords } from '../libpqVariables';

export interface LibpqOptions {
	connection: PostgresConnection;
	database: string;
	/** What the session calls itself. */
	applicationName: string;
	/** Whether the server was found to speak TLS; decides what `prefer` comes to. */
	isEncrypted: boolean;
}

/** Variables that tell libpq where and how to connect, and what must stay until it is done: files, a tunnel. */
export interface LibpqEnvironment extends AsyncDisposable {
	variables: Record<string, string>;
}

/**
 * A connection as libpq's environment. Certificates become files in a directory that only this user can read, and an
 * SSH tunnel a port of this machine, until it is disposed of.
 *
 * @throws BackupError when the SSH server cannot be used
 */
export async function libpqEnvironment(
	options: LibpqOptions,
	signal: AbortSignal,
): Promise<LibpqEnvironment> {
	const { connection, database, applicationName } = options;
	const forward = hasTunnel(connection) ? await forwardLoopback(connection, signal) : undefined;
	const tls = await tlsVariables(options);
	return {
		variables: {
			PGHOST: connection.host,
			PGPORT: String(forward?.port ?? connection.port),
			// The host's name stays, for the certificate.
			...(forward ? { PGHOSTADDR: '127.0.0.1' } : {}),
			...loginVariables(connection, database, applicationName),
			...plainWords,
			PGCONNECT_TIMEOUT: String(Math.ceil(connectTimeoutOf(connection) / 1000)),
			PGGSSENCMODE: 'disable',
			...tls.variables,
		},
		[Symbol.asyncDispose]: async () => {
			await forward?.[Symbol.asyncDispose]();
			await tls.remove();
		},
	};
}

async function tlsVariables({
	connection: { tls },
	isEncrypted,
}: LibpqOptions): Promise<{ variables: Record<string, string>; remove: () => Promise<void> }> {
	if (!isEncrypted) return { variables: { PGSSLMODE: 'disable' }, remove: async () => {} };
	const directory = await mkdtemp(join(tmpdir(), scratchPrefixes.program));
	const write = async (name: string, pem: string) => {
		const path = join(directory, name);
		await writeFile(path, pem, { mode: 0o600 });
		return path;
	};
	const files: Array<[variable: string, pem: string | undefined]> = [
		// libpq before version 16 knows no authorities of its own.
		['PGSSLROOTCERT', tls.verifyCertificate ? (tls.ca ?? rootCertificates.join('\n')) : undefined],
		['PGSSLCERT', tls.certificate],
		['PGSSLKEY', tls.key],
	];
	// Without them libpq would look into the home directory.
	const variables: Record<string, string> = {
		PGSSLMODE: tls.verifyCertificate ? 'verify-full' : 'require',
		PGSSLROOTCERT: join(directory, 'none'),
		PGSSLCERT: join(directory, 'none'),
		PGSSLKEY: join(directory, 'none'),
	};
	for (const [variable, pem] of files) {
		if (pem !== undefined) variables[variable] = await write(variable, pem);
	}
	return { variables, remove: () => rm(directory, { recursive: true, force: true }) };
}
