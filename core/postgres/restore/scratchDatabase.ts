import { randomBytes } from 'node:crypto';
import { withClient } from '../client';
import { quoteIdentifier } from '../sql';
import { dropDatabase, type Maintenance, runMaintenance } from './maintenance';

/** What a scratch database is for; its name says so. */
export type ScratchPurpose = 'drill' | 'restore';

/** How old a scratch that nobody uses must be to count as left over by a crash. */
const leftOverAfter: Record<ScratchPurpose, string> = {
	// It has a connection as long as its drill lives, but for the moment after it was created.
	drill: '5 minutes',
	// It has none while the safety backup is made.
	restore: '2 days',
};

/**
 * A database that is in nobody's way until it is finished. Leaving its `await using` block drops it, unless it
 * was handed over by then; a drop that fails leaves it to {@link dropLeftOvers}.
 */
export class ScratchDatabase implements AsyncDisposable {
	readonly name: string;
	readonly #maintenance: Maintenance;
	#isOurs = true;

	private constructor(maintenance: Maintenance, name: string) {
		this.#maintenance = maintenance;
		this.name = name;
	}

	/**
	 * @param creation clauses of CREATE DATABASE, such as the encoding
	 * @throws BackupError when the server does not create it
	 */
	static async create(
		maintenance: Maintenance,
		purpose: ScratchPurpose,
		creation: string,
		signal: AbortSignal,
	): Promise<ScratchDatabase> {
		const name = `${prefixOf(purpose)}${await serverTime(maintenance, signal)}_${randomBytes(3).toString('hex')}`;
		const scratch = new ScratchDatabase(maintenance, name);
		try {
			await runMaintenance(
				maintenance,
				[`CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE template0 ${creation}`],
				`Creating the database "${name}"`,
				signal,
			);
			return scratch;
		} catch (error) {
			// A cancelled CREATE DATABASE may have gone through all the same.
			await scratch[Symbol.asyncDispose]();
			throw error;
		}
	}

	/** It has another name now, or is gone: what becomes of it is no longer decided here. */
	release(): void {
		this.#isOurs = false;
	}

	/** Drops it now. Throws when the server does not do it. */
	async drop(): Promise<void> {
		if (!this.#isOurs) return;
		await dropDatabase(this.#maintenance, this.name);
		this.#isOurs = false;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.drop().catch(() => {});
	}
}

/**
 * Drops the scratch databases of runs that crashed: known by their names, used by nobody, and older than a run
 * could be that is about to use them.
 *
 * @returns the names of those that were dropped
 */
export async function dropLeftOvers(
	maintenance: Maintenance,
	purpose: ScratchPurpose,
	signal: AbortSignal,
): Promise<string[]> {
	const names = await findLeftOvers(maintenance, purpose, signal);
	const dropped: string[] = [];
	for (const name of names) {
		const gone = await dropDatabase(maintenance, name).then(
			() => true,
			// Another user's, perhaps: it is in nobody's way.
			() => false,
		);
		if (gone) dropped.push(name);
	}
	return dropped;
}

async function findLeftOvers(
	{ connection, database }: Maintenance,
	purpose: ScratchPurpose,
	signal: AbortSignal,
): Promise<string[]> {
	return withClient(connection, { database }, signal, async (client) => {
		const result = await client.query<{ datname: string }>(
			`SELECT datname FROM pg_catalog.pg_database d
			WHERE datname ~ ('^' || $1 || '\\d{8}t\\d{6}_[0-9a-f]{6}$')
			AND pg_catalog.substr(datname, pg_catalog.length($1) + 1, 15)
				< pg_catalog.to_char((pg_catalog.now() - $2::interval) AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS')
			AND NOT EXISTS (
				SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend'
			)`,
			[prefixOf(purpose), leftOverAfter[purpose]],
		);
		return result.rows.map(({ datname }) => datname);
	});
}

function prefixOf(purpose: ScratchPurpose): string {
	return `n8n_backup_${purpose}_`;
}

/** The server's clock, since the server's clock is asked again when it comes to how old a scratch is. */
async function serverTime({ connection, database }: Maintenance, signal: AbortSignal): Promise<string> {
	return withClient(connection, { database }, signal, async (client) => {
		const result = await client.query<{ stamp: string }>(
			`SELECT pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS') AS stamp`,
		);
		return result.rows.map(({ stamp }) => stamp).join('');
	});
}
