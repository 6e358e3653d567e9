/** Where a Redis server is and who we are to it. */
export interface RedisConnection {
	host: string;
	port: number;
	/** Empty or undefined: the default user. */
	user?: string;
	/** Empty or undefined: the server asks for none. */
	password?: string;
	tls?: {
		/** False accepts any certificate. */
		verifyCertificate: boolean;
		/** PEM. Undefined: the certificate authorities that Node trusts. */
		ca?: string;
		/** PEM, with `key`: who we are to a server that asks for a client certificate. */
		certificate?: string;
		key?: string;
	};
	/** Milliseconds until a connection attempt is given up. */
	connectTimeoutMs?: number;
}

/** How messages name a server: `Redis at redis:6379`. */
export function describeServer({ host, port }: Pick<RedisConnection, 'host' | 'port'>): string {
	return `Redis at ${host}:${port}`;
}
