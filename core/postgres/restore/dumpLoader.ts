import { BackupError } from '../../errors';
import {
	copyTarget,
	type CopyStart,
	readingAfter,
	type SqlSegment,
	type SqlStatement,
	TrailerWatch,
	usualReading,
} from '../sql';
import { decodeText } from '../sql/encoding';
import type { DumpSession, RunningCopy } from './dumpSession';
import type { DumpNames } from './dumpNames';
import type { HelperSessions } from './helperSessions';
import { buildsIndex, type IndexBuilders } from './indexBuilders';
import type { Leniency } from './leniency';
import type { PlaceRules } from './placeRules';
import { RoleRules } from './roleRules';
import { SharedCopy } from './sharedCopy';
import { fitStatementToServer, isKnownSetting } from '../serverDifferences';
import type { BatchedStatement } from './statementBatch';
import { reachOf } from './statementReach';
import type { TableFilter } from './tableFilter';

export interface DumpLoaderOptions {
	session: DumpSession;
	names: DumpNames;
	indexes: IndexBuilders;
	helpers: HelperSessions;
	roles: RoleRules;
	places: PlaceRules;
	leniency: Leniency;
	/** Undefined: every table. */
	filter: TableFilter | undefined;
	serverMajor: number;
}

/** Bytes of a statement that tell what it is, and more than any statement has that is looked at as a whole. */
const headBytes = 512;

/** Connections that send a table's rows: more would wait for whoever reads them. */
const mostCopies = 4;

/** A COPY with no options, as pg_dump writes it: one line is one row. */
const asText = /\sFROM stdin;$/;

const sessionSetting = /^(?:SET [a-z_]+ = |SELECT pg_catalog\.set_config\()/;

/** Takes a dump's segments one after the other to where they belong: the session, the index builders, nowhere. */
export class DumpLoader {
	readonly #options: DumpLoaderOptions;
	/** What the dump has set so far, for further sessions. */
	readonly #settings: BatchedStatement[] = [];
	/** Rows that the server took, per table as people write it. */
	readonly rows = new Map<string, number>();
	/** As the dump has it. */
	#table = '';
	/** Undefined while nothing is copied, and for tables that were not chosen. */
	#copy: RunningCopy | undefined;
	#subscriptions = 0;
	readonly #trailer = new TrailerWatch();
	/** How the session reads what it is sent. */
	#reading = usualReading;

	constructor(options: DumpLoaderOptions) {
		this.#options = options;
	}

	/** @throws BackupError for what the server refuses and for what belongs to more than one database */
	async load(segment: SqlSegment): Promise<void> {
		this.#trailer.note(segment);
		switch (segment.kind) {
			case 'statement':
				return this.#statement(segment);
			case 'copy-start':
				return this.#startCopy(segment);
			case 'copy-data':
				return this.#copy?.write(segment.chunk, segment.rows);
			case 'copy-end':
				return this.#endCopy();
			case 'comment':
				return;
			case 'psql-command':
				assertHarmless(segment.text.toString());
		}
	}

	/**
	 * Runs what still waits, once the dump has ended.
	 *
	 * @throws BackupError `incomplete` when pg_dump's last line was missing
	 */
	async finish(): Promise<void> {
		this.#trailer.assertLast('Restore another backup; this one was cut off while it was made or copied');
		await this.#buildIndexes();
		await this.#options.session.flush();
		this.#options.filter?.assertAllFound();
	}

	/** What was left out or done differently, in sentences. */
	get warnings(): string[] {
		const { roles, places, leniency, names } = this.#options;
		const missing = [...roles.missing].map(([role, count]) => {
			return `The server has no role "${role}": ${count} statements that name it were left out.`;
		});
		const subscriptions =
			this.#subscriptions === 0
				? []
				: ['Subscriptions were left out, since they would compete with the originals for their slots.'];
		return [...missing, ...places.warnings, ...leniency.warnings, ...subscriptions].map((warning) =>
			names.readable(warning),
		);
	}

	async #statement({ text, line }: SqlStatement): Promise<void> {
		const head = text.toString('latin1', 0, headBytes);
		if (!this.#staysInDatabase(text, line)) return;
		if (!isKnownSetting(head, this.#options.serverMajor) || this.#options.leniency.leavesOut(head)) return;
		const chosen = this.#choose(fitStatementToServer(text, this.#options.serverMajor), head);
		this.#follow(text, line, chosen.includes(text));
		for (const one of chosen) await this.#place({ text: one, line });
	}

	/** What follows is judged as the session reads it. */
	#follow(text: Buffer, line: number, isRun: boolean): void {
		const after = readingAfter(text, this.#reading);
		if (after === this.#reading) return;
		if (after === 'unclear' || !isRun) throw beyondDatabase(text, line);
		this.#reading = after;
	}

	/** False for a subscription: it would take the slot of the original, and a database that has one cannot be dropped. */
	#staysInDatabase(text: Buffer, line: number): boolean {
		switch (reachOf(text, this.#reading)) {
			case 'database':
				return true;
			case 'subscription':
				this.#subscriptions++;
				return false;
			case 'databases':
				throw severalDatabases(line);
			case 'server':
			case 'foreign':
				throw beyondDatabase(text, line);
		}
	}

	/** What roles and chosen tables leave of a statement: bytes as they were, but for names that are replaced. */
	#choose(text: Buffer, head: string): Buffer[] {
		const { roles, filter } = this.#options;
		if (!filter && !RoleRules.concern(head)) return [text];
		const original = text.toString('latin1');
		const ruled = roles.apply(original);
		if (ruled === undefined) return [];
		const chosen = [...roles.before(ruled), ...(filter ? filter.choose(ruled) : [ruled])];
		return chosen.map((statement) => (statement === original ? text : Buffer.from(statement, 'latin1')));
	}

	/** Runs a statement where it belongs on this server. */
	async #place({ text, line }: BatchedStatement): Promise<void> {
		const { before, instead } = this.#options.places.apply(text.toString('latin1', 0, headBytes)) ?? {};
		if (before !== undefined) await this.#run({ text: Buffer.from(before, 'latin1'), line });
		await this.#run({ text: instead === undefined ? text : Buffer.from(instead, 'latin1'), line });
	}

	async #run(statement: BatchedStatement): Promise<void> {
		const { indexes, leniency, session } = this.#options;
		const head = statement.text.toString('latin1', 0, 1_000);
		if (sessionSetting.test(head)) this.#settings.push(statement);
		if (buildsIndex(head)) {
			indexes.add(statement);
			return;
		}
		await this.#buildIndexes();
		const forgives = leniency.forgiverOf(head);
		await (forgives ? session.attempt(statement, forgives) : session.run(statement));
	}

	async #buildIndexes(): Promise<void> {
		const { indexes, session } = this.#options;
		if (!indexes.hasWork) return;
		await session.flush();
		await indexes.build(session, this.#settings);
	}

	async #startCopy({ text, line }: CopyStart): Promise<void> {
		this.#staysInDatabase(text, line);
		this.#table = copyTarget(text, 'LATIN1');
		const { filter, leniency } = this.#options;
		if (filter && !filter.wantsRows(this.#table)) return;
		if (leniency.leavesExtensionsOut && !(await this.#isThere(this.#table))) {
			leniency.leaveRowsOut(this.#table);
			return;
		}
		this.#copy = await this.#copyInto({ text, line });
	}

	/** Begins a COPY; if it becomes a long one, other sessions help. */
	async #copyInto(statement: BatchedStatement): Promise<RunningCopy> {
		const { session, helpers } = this.#options;
		// A transaction may have been begun by what was not sent yet.
		await session.flush();
		const isOneRowALine = asText.test(statement.text.toString('latin1'));
		if (!helpers.canShareRows || !isOneRowALine) return await session.startCopy(statement);
		const table = Buffer.from(this.#table, 'latin1');
		return await SharedCopy.begin(
			async (places) => await session.startCopy(statement, places),
			async () => {
				const ready = await helpers.ready(mostCopies - 1, this.#settings);
				if (!(await ready[0]?.canSendRowsTo(table))) return [];
				return ready.map((helper) => async (places) => await helper.session.startCopy(statement, places));
			},
		);
	}

	async #isThere(table: string): Promise<boolean> {
		await this.#buildIndexes();
		return await this.#options.session.hasRelation(Buffer.from(table, 'latin1'));
	}

	async #endCopy(): Promise<void> {
		const rows = await this.#copy?.end();
		this.#copy = undefined;
		if (rows === undefined) return;
		const table = this.#options.names.readable(this.#table);
		this.rows.set(table, (this.rows.get(table) ?? 0) + rows);
	}
}

/** `\restrict` and `\unrestrict` guard psql against the very commands that are refused here. */
function assertHarmless(command: string): void {
	if (/^\\(?:un)?restrict\b/.test(command)) return;
	if (/^\\connect\b/.test(command)) throw severalDatabases();
	throw new BackupError('unsupported', `The dump has a command for psql in it: ${command.slice(0, 60)}`, {
		advice: 'Restore it with psql, if you know where it comes from',
	});
}

function severalDatabases(line?: number): BackupError {
	const where = line === undefined ? '' : ` on line ${line}`;
	return new BackupError('unsupported', `The dump creates or changes databases${where}`, {
		advice: 'Restore it with psql; only dumps of one database without --create can be restored here',
	});
}

function beyondDatabase(text: Buffer, line: number): BackupError {
	const start = decodeText(text.subarray(0, 100), 'SQL_ASCII').replace(/\s+/g, ' ');
	return new BackupError(
		'unsupported',
		`Line ${line} of the dump is nothing that a dump of one database has: ${start.slice(0, 60)}`,
		{ advice: 'Find out who wrote it into the dump; restore it with psql if you trust it' },
	);
}
