import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from '../../errors';
import { describeServer, idleTimeoutOf, type PostgresConnection } from './connection';

/**
 * What a server's own list of sessions says of one:
 * - `works`: it computes, reads its disk, or waits for a lock
 * - `waits-for-us`: it has sent what it had to send, or waits for what was sent to it
 * - `gone`: there is no such session any more
 * - `unknown`: the server answers, but not that
 */
export type SessionActivity = 'works' | 'waits-for-us' | 'gone' | 'unknown';

/** A conversation with a server that may fall silent. */
export interface Conversation {
	/** Another number whenever bytes have come or gone. */
	progress(): number;
	/** Whether it is the server's turn. */
	awaitsServer(): boolean;
	/**
	 * Asks the server about the session, over another connection.
	 *
	 * @throws BackupError `unreachable` when the server does not answer
	 */
	ask(): Promise<SessionActivity>;
	/** Ends the conversation, for nothing more will come. */
	giveUp(error: BackupError): void;
}

/** How often a conversation is looked at, in parts of the idle time-out. */
const looks = 4;

/**
 * Gives a conversation up in which the server owes an answer, nothing has moved for as long as the connection's idle
 * time-out, and the server says over a second connection that it is not at work on it: what it sent was lost on the
 * way. A server that does not answer the second connection either is given up as well; one that waits for a lock never.
 *
 * @returns stops watching
 */
export function watchForSilence(
	connection: Pick<PostgresConnection, 'host' | 'port' | 'idleTimeoutMs'>,
	conversation: Conversation,
): () => void {
	const idleTimeoutMs = idleTimeoutOf(connection);
	let last = conversation.progress();
	let since = performance.now();
	let isAsking = false;
	let isOver = false;

	const hasMoved = () => {
		const progress = conversation.progress();
		const moved = progress !== last || !conversation.awaitsServer();
		last = progress;
		return moved;
	};
	const look = async () => {
		if (isAsking || isOver) return;
		if (hasMoved()) since = performance.now();
		if (performance.now() - since < idleTimeoutMs) return;
		isAsking = true;
		const verdict = await explainSilence(connection, conversation, idleTimeoutMs);
		isAsking = false;
		if (isOver) return;
		if (hasMoved() || verdict === undefined) {
			since = performance.now();
			return;
		}
		stop();
		conversation.giveUp(verdict);
	};
	const timer = setInterval(() => void look(), Math.max(10, idleTimeoutMs / looks));
	timer.unref();
	const stop = () => {
		isOver = true;
		clearInterval(timer);
	};
	return stop;
}

/** Why nothing more will come; undefined when something still may. Never rejects. */
async function explainSilence(
	connection: Pick<PostgresConnection, 'host' | 'port'>,
	conversation: Conversation,
	idleTimeoutMs: number,
): Promise<BackupError | undefined> {
	const silence = `${describeServer(connection)} has been silent for ${Math.round(idleTimeoutMs / 1000)} seconds`;
	try {
		const activity = await conversation.ask();
		if (activity === 'works' || activity === 'unknown') return undefined;
		// What it has just sent may be on its way.
		await wait(Math.min(1_000, idleTimeoutMs));
		const reason = {
			'waits-for-us': 'though it is done with what was asked of it',
			gone: 'and has no such session any more',
		}[activity];
		return silent(`${silence}, ${reason}`);
	} catch (error) {
		return silent(`${silence} and does not answer another connection either`, error);
	}
}

function silent(what: string, cause?: unknown): BackupError {
	return new BackupError('unreachable', what, {
		advice:
			'Look at what lies between n8n and that server (proxies, firewalls, the network), then run it again; the idle time-out can be raised',
		cause,
	});
}
