/** How the connection is protected. Node does TLS itself, whatever engine sits on top. */
export interface TlsSettings {
	/** `prefer` uses TLS where the server offers it; `require` refuses to go on without. */
	mode: 'disable' | 'prefer' | 'require';
	/** False accepts any certificate, as the credential's "Ignore SSL Issues" asks. */
	verifyCertificate: boolean;
	/** PEM. Undefined: the certificate authorities that Node trusts. */
	ca?: string;
	/** PEM, of the client. */
	certificate?: string;
	/** PEM, of the client. */
	key?: string;
}

/** A host to reach the server through. */
export interface SshTunnel {
	host: string;
	port: number;
	user: string;
	/** Exactly one of password and privateKey. */
	password?: string;
	/** PEM or OpenSSH format. */
	privateKey?: string;
	passphrase?: string;
}

/** Where a PostgreSQL server is and who we are to it. */
export interface PostgresConnection {
	host: string;
	port: number;
	user: string;
	password: string;
	/** The database to connect to; what is dumped is named by the request. */
	database: string;
	tls: TlsSettings;
	sshTunnel?: SshTunnel;
	/** Milliseconds until a connection attempt is given up. */
	connectTimeoutMs?: number;
	/**
	 * Milliseconds of silence after which the server is asked whether it is still at work; 60 s when undefined. Waiting
	 * for a lock, or for a long statement, is no reason to give up.
	 */
	idleTimeoutMs?: number;
}

/** How messages name a server: `PostgreSQL at db:5432`. */
export function describeServer({ host, port }: Pick<PostgresConnection, 'host' | 'port'>): string {
	return `PostgreSQL at ${host}:${port}`;
}

/** Milliseconds until a connection attempt is given up. */
export function connectTimeoutOf({ connectTimeoutMs }: PostgresConnection): number {
	return connectTimeoutMs ?? 15_000;
}

export const defaultIdleTimeoutMs = 60_000;

/** Milliseconds of silence after which the server is asked whether it is still at work. */
export function idleTimeoutOf({ idleTimeoutMs }: Pick<PostgresConnection, 'idleTimeoutMs'>): number {
	return idleTimeoutMs ?? defaultIdleTimeoutMs;
}

export function hasTunnel(
	connection: PostgresConnection,
): connection is PostgresConnection & { sshTunnel: SshTunnel } {
	return connection.sshTunnel !== undefined;
}
