import { BackupError } from '../../errors';
import { copyTarget, type CopyStart, type SqlSegment, type SqlStatement, TrailerWatch } from '../sql';
import { buildsIndex, type IndexBuilders } from './indexBuilders';
import type { RestoreSession, RunningCopy } from './restoreSession';
import { RoleRules } from './roleRules';
import { isKnownSetting } from './serverDifferences';
import type { BatchedStatement } from './statementBatch';
import type { TableFilter } from './tableFilter';

export interface DumpLoaderOptions {
	session: RestoreSession;
	indexes: IndexBuilders;
	roles: RoleRules;
	/** Undefined: every table. */
	filter: TableFilter | undefined;
	serverMajor: number;
}

/** Bytes of a statement that tell what it is, and more than any statement has that is looked at as a whole. */
const headBytes = 64;

const sessionSetting = /^(?:SET [a-z_]+ = |SELECT pg_catalog\.set_config\()/;

/** It would take the slot of the original, and a database that has one cannot be dropped. */
const subscription = /^(?:CREATE|ALTER|COMMENT ON) SUBSCRIPTION /;

const otherDatabase = /^(?:CREATE|ALTER|DROP) DATABASE /;

/** Takes a dump's segments one after the other to where they belong: the session, the index builders, nowhere. */
export class DumpLoader {
	readonly #options: DumpLoaderOptions;
	/** What the dump has set so far, for further sessions. */
	readonly #settings: BatchedStatement[] = [];
	/** Rows that the server took, per table. */
	readonly rows = new Map<string, number>();
	#table = '';
	/** Undefined while nothing is copied, and for tables that are not wanted. */
	#copy: RunningCopy | undefined;
	#subscriptions = 0;
	readonly #trailer = new TrailerWatch();

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
				return this.#copy?.write(segment.chunk);
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
	}

	/** What was left out, in sentences. */
	get warnings(): string[] {
		const { roles, filter } = this.#options;
		const missing = [...roles.missing].map(([role, count]) => {
			return `The server has no role "${role}": ${count} statements that name it were left out.`;
		});
		const tables = (filter?.notFound ?? []).map((table) => `The dump has no table ${table}.`);
		const subscriptions =
			this.#subscriptions === 0
				? []
				: ['Subscriptions were left out, since they would compete with the originals for their slots.'];
		return [...missing, ...tables, ...subscriptions];
	}

	async #statement({ text, line }: SqlStatement): Promise<void> {
		const head = text.toString('utf8', 0, headBytes);
		if (subscription.test(head)) {
			this.#subscriptions++;
			return;
		}
		if (otherDatabase.test(head)) throw severalDatabases(line);
		if (!isKnownSetting(head, this.#options.serverMajor)) return;
		for (const chosen of this.#choose(text, head)) await this.#run({ text: chosen, line });
	}

	/** What roles and chosen tables leave of a statement. Most are not even decoded for it. */
	#choose(text: Buffer, head: string): Buffer[] {
		const { roles, filter } = this.#options;
		if (!filter && !RoleRules.concern(head)) return [text];
		const original = text.toString();
		const ruled = roles.apply(original);
		if (ruled === undefined) return [];
		const chosen = filter ? filter.choose(ruled) : [ruled];
		return chosen.map((statement) => (statement === original ? text : Buffer.from(statement)));
	}

	async #run(statement: BatchedStatement): Promise<void> {
		const { indexes, session } = this.#options;
		const head = statement.text.toString('utf8', 0, 1_000);
		if (sessionSetting.test(head)) this.#settings.push(statement);
		if (buildsIndex(head)) {
			indexes.add(statement);
			return;
		}
		await this.#buildIndexes();
		await session.run(statement);
	}

	async #buildIndexes(): Promise<void> {
		const { indexes, session } = this.#options;
		if (!indexes.hasWork) return;
		await session.flush();
		await indexes.build(session, this.#settings);
	}

	async #startCopy({ text, line }: CopyStart): Promise<void> {
		this.#table = copyTarget(text);
		const { filter, session } = this.#options;
		if (!filter || filter.wantsRows(this.#table)) this.#copy = await session.startCopy({ text, line });
	}

	async #endCopy(): Promise<void> {
		const rows = await this.#copy?.end();
		this.#copy = undefined;
		if (rows === undefined) return;
		this.rows.set(this.#table, (this.rows.get(this.#table) ?? 0) + rows);
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
