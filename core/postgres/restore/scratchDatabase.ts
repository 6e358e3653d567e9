import { randomBytes } from 'node:crypto';
import { BackupError } from '../../errors';
import { quoteIdentifier } from '../sql';
import { dropDatabase, type Maintenance, runMaintenance } from './maintenance';
import { leaseIsOver, ScratchLease } from './scratchLease';

/** What a scratch database is for; its name says so. */
export type ScratchPurpose = 'drill' | 'restore';

/** How old a scratch without a lease must be to count as left over: it crashed in the moment after it was created. */
const leftOverAfter = '2 days';

/**
 * A database that is in nobody's way until it is finished. Leaving its `await using` block drops it, unless it
 * was handed over by then; a drop that fails leaves it to {@link dropLeftOvers}.
 */
export class ScratchDatabase implements AsyncDisposable {
	readonly name: string;
	/** The clauses that the server created it with. */
	creation = '';
	readonly #maintenance: Maintenance;
	readonly #lease: ScratchLease;
	#isOurs = true;

	private constructor(maintenance: Maintenance, name: string) {
		this.#maintenance = maintenance;
		this.#lease = new ScratchLease(maintenance, name);
		this.name = name;
	}

	/**
	 * @param creations clauses of CREATE DATABASE, such as the encoding: the preferred ones first, then what will do on a
	 * server that does not have that locale
	 * @throws BackupError when the server does not create it
	 */
	static async create(
		maintenance: Maintenance,
		purpose: ScratchPurpose,
		creations: readonly [string, ...string[]],
		signal: AbortSignal,
	): Promise<ScratchDatabase> {
		const name = `${prefixOf(purpose)}${await serverTime(maintenance, signal)}_${randomBytes(3).toString('hex')}`;
		const scratch = new ScratchDatabase(maintenance, name);
		try {
			await scratch.#create(creations, signal);
			await scratch.#lease.begin(signal);
			return scratch;
		} catch (error) {
			// A cancelled CREATE DATABASE may have gone through all the same.
			await scratch[Symbol.asyncDispose]();
			throw error;
		}
	}

	async #create(creations: readonly string[], signal: AbortSignal): Promise<void> {
		for (const [at, creation] of creations.entries()) {
			const statement = `CREATE DATABASE ${quoteIdentifier(this.name)} TEMPLATE template0 ${creation}`;
			try {
				await runMaintenance(this.#maintenance, [statement], `Creating the database "${this.name}"`, signal);
				this.creation = creation;
				return;
			} catch (error) {
				// One whose answer was lost may have gone through: trying again would only find the name taken.
				const isLost = error instanceof BackupError && error.code === 'unreachable';
				if (isLost || at === creations.length - 1 || signal.aborted) throw error;
			}
		}
	}

	/** Call it before its comment is changed: from then on it counts as in use for some minutes only. */
	async endLease(): Promise<void> {
		await this.#lease.end();
	}

	/** It has another name now, or is gone: what becomes of it is no longer decided here. */
	release(): void {
		this.#isOurs = false;
	}

	/** Drops it now. Throws when the server does not do it. */
	async drop(): Promise<void> {
		await this.#lease.end();
		if (!this.#isOurs) return;
		await dropDatabase(this.#maintenance, this.name);
		this.#isOurs = false;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.drop().catch(() => {});
	}
}

/**
 * Drops the scratch databases of runs that crashed: known by their names, used by nobody, and with a lease that is
 * over, by the server's own clock.
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

const comment = `pg_catalog.shobj_description(d.oid, 'pg_database')`;

async function findLeftOvers(
	maintenance: Maintenance,
	purpose: ScratchPurpose,
	signal: AbortSignal,
): Promise<string[]> {
	return maintenance.use(async (client) => {
		const result = await client.query<{ datname: string }>(
			`SELECT datname FROM pg_catalog.pg_database d
			WHERE datname ~ ('^' || $1 || '\\d{8}t\\d{6}_[0-9a-f]{6}$')
			AND (${leaseIsOver(comment)} OR (${comment} IS NULL
				AND pg_catalog.substr(datname, pg_catalog.length($1) + 1, 15)
				< pg_catalog.to_char((pg_catalog.now() - $2::interval) AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS')))
			AND NOT EXISTS (
				SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend'
			)`,
			[prefixOf(purpose), leftOverAfter],
		);
		return result.rows.map(({ datname }) => datname);
	}, signal);
}

function prefixOf(purpose: ScratchPurpose): string {
	return `n8n_backup_${purpose}_`;
}

/** The server's clock, since the server's clock is asked again when it comes to how old a scratch is. */
async function serverTime(maintenance: Maintenance, signal: AbortSignal): Promise<string> {
	return maintenance.use(async (client) => {
		const result = await client.query<{ stamp: string }>(
			`SELECT pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS') AS stamp`,
		);
		return result.rows.map(({ stamp }) => stamp).join('');
	}, signal);
}
