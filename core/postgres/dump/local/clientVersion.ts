import { BackupError } from '../../../errors';
import { runProgram } from '../../../process/run';
import type { ServerVersion } from '../../connect/server';

/** A pg_dump's version, as it says it of itself. */
export interface ClientVersion {
	/** `15.18 (Debian 15.18-0+deb12u1)` */
	text: string;
	major: number;
}

/**
 * Asks a pg_dump for its version.
 *
 * @throws BackupError when it is not there or is another program
 */
export async function clientVersion(path: string, signal: AbortSignal): Promise<ClientVersion> {
	return parseClientVersion(await runProgram(path, ['--version'], {}, signal), path);
}

/**
 * Reads `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
 *
 * @throws BackupError `bad-parameter` for anything else
 */
export function parseClientVersion(output: string, path: string): ClientVersion {
	const text = /^pg_dump \(PostgreSQL\) (.+)$/m.exec(output.trim())?.[1];
	if (text === undefined) {
		const [said] = output.trim().split('\n');
		throw new BackupError('bad-parameter', `${path} is not a pg_dump: it says “${said}”`, {
			advice: 'Give the path of pg_dump itself',
		});
	}
	return { text, major: Number.parseInt(text, 10) };
}

/**
 * pg_dump refuses servers newer than itself, though only after connecting and in other words.
 *
 * @throws BackupError `unsupported` that names both versions
 */
export function assertClientNotOlder(client: ClientVersion, server: ServerVersion): void {
	if (client.major >= server.major) return;
	throw new BackupError(
		'unsupported',
		`The local pg_dump is version ${client.text}, too old for a server of version ${server.text}`,
		{ advice: `Install pg_dump ${server.major} or newer, or choose the engine “built-in”` },
	);
}
