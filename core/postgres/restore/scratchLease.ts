import { quoteIdentifier, quoteLiteral } from '../sql';
import type { Maintenance } from './maintenance';

/** How long a scratch database counts as in use after its run was last heard of. */
const leaseFor = '10 minutes';

/** Milliseconds between two signs of life. */
const renewEveryMs = 60_000;

/** Milliseconds that a sign of life may take. */
const renewTimeoutMs = 30_000;

const stampFormat = `YYYY-MM-DD"T"HH24:MI:SS"Z"`;

/** What the comment of a scratch database says, ahead of the moment. */
const leaseWords = 'Scratch database of n8n-nodes-backup, in use until ';

/**
 * The sign on a scratch database that its run still lives: a comment with a moment by the server's clock, renewed every
 * minute. A run that crashed renews nothing.
 */
export class ScratchLease {
	readonly #maintenance: Maintenance;
	readonly #database: string;
	#timer: NodeJS.Timeout | undefined;
	#renewal: Promise<void> = Promise.resolve();

	constructor(maintenance: Maintenance, database: string) {
		this.#maintenance = maintenance;
		this.#database = database;
	}

	/** Writes the first sign and keeps renewing it. */
	async begin(signal: AbortSignal): Promise<void> {
		await this.#renew(signal);
		this.#timer = setInterval(() => {
			// One that fails is followed by another before the lease is over.
			this.#renewal = this.#renew(AbortSignal.timeout(renewTimeoutMs)).catch(() => {});
		}, renewEveryMs);
		this.#timer.unref();
	}

	/** Stops renewing; what was written last stays. */
	async end(): Promise<void> {
		clearInterval(this.#timer);
		await this.#renewal;
	}

	async #renew(signal: AbortSignal): Promise<void> {
		await this.#maintenance.use(async (client) => {
			const { rows } = await client.query<{ until: string }>(
				`SELECT ${stamp(`+ interval '${leaseFor}'`)} AS until`,
			);
			const comment = quoteLiteral(`${leaseWords}${rows[0]?.until}`);
			await client.query(`COMMENT ON DATABASE ${quoteIdentifier(this.#database)} IS ${comment}`);
		}, signal);
	}
}

/** Condition in SQL: that a comment is a lease which is over. */
export function leaseIsOver(comment: string): string {
	const over = `pg_catalog.right(${comment}, 20) < ${stamp('')}`;
	return `(${comment} ~ '^${leaseWords}[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' AND ${over})`;
}

function stamp(offset: string): string {
	return `pg_catalog.to_char((pg_catalog.now() ${offset}) AT TIME ZONE 'UTC', '${stampFormat}')`;
}
