import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../lab/random.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { startTwin, type Twin } from '../../lab/servers/postgresTwin.ts';

/** The server that a database is dumped from, where that need not be the one that it is changed on. */
export interface Dumped extends AsyncDisposable {
	/** @returns the port at which it answers */
	ready(): Promise<number>;
	/** Once, while it is dumped. */
	disturb(random: Random): Promise<void>;
	/** After each dump. */
	restore(): Promise<void>;
}

export function primary({ port }: PostgresServer): Dumped {
	return {
		ready: async () => port,
		disturb: async () => {},
		restore: async () => {},
		[Symbol.asyncDispose]: async () => {},
	};
}

/** One that no query keeps from following its primary, and that may become one itself. */
export class Standby implements Dumped {
	readonly #server: PostgresServer;
	#twin: Twin | undefined;
	#isPromoted = false;
	#count = 0;

	constructor(server: PostgresServer) {
		this.#server = server;
	}

	async ready(): Promise<number> {
		this.#twin ??= await this.#start();
		return this.#twin.port;
	}

	async disturb(random: Random): Promise<void> {
		if (random.below(5) > 0) return;
		await this.#twin!.promote();
		this.#isPromoted = true;
	}

	async restore(): Promise<void> {
		if (!this.#isPromoted) return;
		await this[Symbol.asyncDispose]();
		this.#isPromoted = false;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#twin?.stop();
		this.#twin = undefined;
	}

	async #start(): Promise<Twin> {
		const dataDir = join(this.#server.socketDir, `standby-${(this.#count += 1)}`);
		await mkdir(dataDir, { mode: 0o700 });
		return await startTwin(this.#server, dataDir, {
			copyOptions: ['--write-recovery-conf'],
			settings: { max_standby_streaming_delay: '0', fsync: 'off' },
		});
	}
}
