import { BackupError } from '../errors';
import { dumpedVersion } from './sql';

/** Settings in the heads of dumps, and the first major version whose servers know them. */
const settingsSince: Record<string, number> = {
	default_table_access_method: 12,
	transaction_timeout: 17,
};

const setting = /^SET (\w+) = /;

/**
 * Whether a server knows the setting that a statement sets. pg_dump writes the settings of its own version, which
 * may be newer than the server that it dumped and that the dump goes back to.
 */
export function isKnownSetting(statement: string, serverMajor: number): boolean {
	const name = setting.exec(statement)?.[1];
	return name === undefined || serverMajor >= (settingsSince[name] ?? 0);
}

/** A line that may stand before a dump's first statement that is no SET: a comment, a psql command, nothing. */
const headLine = /^(?:--.*|\\.*|SET .*|)$/;

/** Bytes within which pg_dump has set what it sets. */
const headBytes = 4096;

/**
 * Leaves out of a dump's head what the server that was dumped does not know: psql would stop there.
 *
 * @param head the dump's first bytes, at least up to its first statement that is no SET
 */
export function fitHeadToServer(head: Buffer): Buffer {
	const text = head.toString('latin1', 0, headBytes);
	const major = majorOf(dumpedVersion(text));
	if (major === undefined) return head;
	const kept: Buffer[] = [];
	let from = 0;
	let at = 0;
	for (const line of text.split(/(?<=\n)/)) {
		if (!headLine.test(line.trimEnd())) break;
		if (!isKnownSetting(line, major)) {
			kept.push(head.subarray(from, at));
			from = at + line.length;
		}
		at += line.length;
	}
	return from === 0 ? head : Buffer.concat([...kept, head.subarray(from)]);
}

/** The first major version whose sequences can be unlogged. */
const unloggedSequencesSince = 15;

const loggedIdentity = /^(ALTER TABLE .* AS IDENTITY \(\n {4}SEQUENCE NAME .*\n) {4}LOGGED\n/s;

/**
 * Leaves out of a statement what a server does not know, though it was that server that was dumped: of an unlogged table's
 * identity column pg_dump says since version 15 that its sequence is logged, as all of them are on older servers.
 */
export function fitStatementToServer(statement: Buffer, serverMajor: number): Buffer {
	if (serverMajor >= unloggedSequencesSince || !statement.includes('    LOGGED\n')) return statement;
	return Buffer.from(statement.toString('latin1').replace(loggedIdentity, '$1'), 'latin1');
}

function majorOf(version: string | undefined): number | undefined {
	const major = Number.parseInt(version ?? '', 10);
	return Number.isNaN(major) ? undefined : major;
}

/**
 * A dump goes to servers of its own major version and to newer ones. An older one would fail somewhere in the
 * middle, or worse, take something for what it is not.
 *
 * @param dumped version of the server that was dumped, as it says it itself; undefined where the dump does not say
 * @throws BackupError `unsupported` when the server is older
 */
export function assertNotOlder(serverMajor: number, dumped: string | undefined, server: string): void {
	const dumpedMajor = majorOf(dumped);
	if (dumpedMajor === undefined || serverMajor >= dumpedMajor) return;
	throw new BackupError(
		'unsupported',
		`The backup is of PostgreSQL ${dumpedMajor} and ${server} is PostgreSQL ${serverMajor}, which is older`,
		{ advice: `Restore into PostgreSQL ${dumpedMajor} or newer; nothing was changed` },
	);
}
