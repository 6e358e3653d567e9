import { BackupError, type BackupErrorCode, errorCode, errorMessage, networkError } from '../../errors';
import { describeServer, type PostgresConnection } from './connection';

/** What a server's refusal means to the person who runs a backup or a restore. */
export interface ServerAdvice {
	code: BackupErrorCode;
	advice: string;
}

const refusedIdentity: ServerAdvice = {
	code: 'auth',
	advice: 'Correct user and password in the credential, or the server’s pg_hba.conf',
};

const ended: ServerAdvice = {
	code: 'unreachable',
	advice: 'Look into that server’s log for the reason, then run it again',
};

const locked: ServerAdvice = {
	code: 'server',
	advice: 'Something else holds a lock: run it at a quieter time, or raise the lock time-out',
};

const again: ServerAdvice = { code: 'server', advice: 'Something else was in the way: run it again' };

const damagedFiles: ServerAdvice = {
	code: 'server',
	advice:
		'The server finds its own files damaged: keep the backups that you have, and look into its log and its disk',
};

const bySqlState: Record<string, ServerAdvice> = {
	'23505': {
		code: 'server',
		advice:
			'Two rows have the same key where only one may: remove one of them in the source database, or rebuild its index there (REINDEX), and back up again',
	},
	'25006': { code: 'server', advice: 'Connect to the primary: that server takes no changes' },
	'28000': refusedIdentity,
	'28P01': refusedIdentity,
	'3D000': { code: 'not-found', advice: 'Correct the name of the database; capitals count' },
	'2BP01': { code: 'server', advice: 'Something else depends on it: drop that first' },
	'40001': again,
	'40P01': again,
	'42501': {
		code: 'not-permitted',
		advice: 'Connect as a superuser, or as the role that owns what is concerned',
	},
	'42P01': { code: 'server', advice: 'That table was dropped or renamed meanwhile: run it again' },
	'53100': { code: 'server', advice: 'Free space on the server’s disk, then run it again' },
	'53200': { code: 'server', advice: 'Give the server more memory, or lower its maintenance_work_mem' },
	'53300': {
		code: 'server',
		advice: 'Close connections to that server, or raise its max_connections',
	},
	'55006': {
		code: 'server',
		advice: 'Stop what uses that database (for n8n’s own: n8n and its workers), then run it again',
	},
	'55P03': locked,
	'57014': locked,
	'57P01': ended,
	'57P02': ended,
	'57P03': { code: 'unreachable', advice: 'Wait until that server accepts connections, then run it again' },
	'57P05': ended,
	XX001: damagedFiles,
	XX002: damagedFiles,
};

const otherwise: ServerAdvice = {
	code: 'server',
	advice: 'Look into that server’s log for more, then run it again',
};

/** Advice by SQLSTATE (PostgreSQL's documentation, appendix A). */
export function adviceBySqlState(sqlState: string): ServerAdvice {
	return bySqlState[sqlState] ?? otherwise;
}

/**
 * An error that a server or its connection reported while something was asked of it.
 *
 * @param doing what was being done, for the sentence: `Creating the database "n8n"`
 */
export function serverError(error: unknown, connection: PostgresConnection, doing?: string): BackupError {
	if (error instanceof BackupError) return error;
	const server = describeServer(connection);
	const state = errorCode(error);
	if (state === undefined || !isSqlState(state)) return networkError(lostConnection(error), server);
	const { code, advice } = adviceBySqlState(state);
	const what = `${doing ? `${doing} failed: ` : ''}${server} says: ${serverWords(error)}`;
	return new BackupError(code, what, { advice, cause: error });
}

/** The server's message with its DETAIL, which names the key, the object or the role that stands in the way. */
function serverWords(error: unknown): string {
	const detail = typeof error === 'object' && error && 'detail' in error ? error.detail : undefined;
	return typeof detail === 'string' && detail !== ''
		? `${errorMessage(error)} (${detail})`
		: errorMessage(error);
}

/** An error of the log-in: here a user or a database that the server does not know has a sentence of its own. */
export function loginError(error: unknown, connection: PostgresConnection): BackupError {
	const server = describeServer(connection);
	const what = {
		'28000': `${server} refused the user "${connection.user}": ${errorMessage(error)}`,
		'28P01': `${server} refused the user "${connection.user}": ${errorMessage(error)}`,
		'3D000': `${server} has no database "${connection.database}"`,
	}[errorCode(error) ?? ''];
	if (what === undefined) return serverError(error, connection, 'Connecting');
	const { code, advice } = adviceBySqlState(errorCode(error) ?? '');
	return new BackupError(code, what, { advice, cause: error });
}

/** Whether a code is a SQLSTATE: five capitals or digits; errno codes such as EPIPE have no digit among their five. */
export function isSqlState(code: string): boolean {
	return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

/** `pg` says some of what happens to a socket in words only. */
function lostConnection(error: unknown): unknown {
	const message = errorMessage(error);
	if (/^Connection terminated|not queryable|write after end|stream was destroyed/i.test(message)) {
		return Object.assign(new Error(message), { code: 'ECONNRESET' });
	}
	if (/^timeout expired/.test(message)) return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
	return error;
}
