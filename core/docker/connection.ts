/** How to speak TLS to an engine. All texts are PEM. */
export interface DockerTls {
	/** False accepts any certificate. */
	verifyCertificate: boolean;
	/** Undefined: the certificate authorities that Node trusts. */
	ca?: string;
	/** Of the client; engines that verify their clients ask for it. */
	certificate?: string;
	key?: string;
}

/** Where a Docker Engine API is: its unix socket, or TCP, which is how a socket proxy is reached too. */
export type DockerConnection =
	{ kind: 'socket'; path: string } | { kind: 'tcp'; host: string; port: number; tls?: DockerTls };

/** How messages name an engine: `Docker at tcp://proxy:2375`. */
export function describeEngine(connection: DockerConnection): string {
	const address =
		connection.kind === 'socket' ? connection.path : `tcp://${connection.host}:${connection.port}`;
	return `Docker at ${address}`;
}
