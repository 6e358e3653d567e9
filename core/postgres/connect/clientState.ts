import type pg from 'pg';

/**
 * A query that takes turns with the server. One that does not say whose turn it is waits for the server from its
 * beginning to its end.
 */
export interface TurnTaking {
	readonly awaitsServer?: boolean;
}

/** What pg knows of a connection and has no public names for; its version is pinned. */
interface ClientState {
	processID: number | null;
	readyForQuery?: boolean;
	_activeQuery: TurnTaking | null;
}

/** The process id that was given at log-in (BackendKeyData); undefined where there was none. */
export function loginProcessId(client: pg.Client): number | undefined {
	return (client as unknown as ClientState).processID ?? undefined;
}

/** Whether something was asked of the server that it has not answered yet. */
export function awaitsServer(client: pg.Client): boolean {
	const { readyForQuery, _activeQuery } = client as unknown as ClientState;
	return readyForQuery === false && (_activeQuery?.awaitsServer ?? true);
}
