import { BackupError } from '../../errors';
import type { SqlSegment } from './segment';

/** The comment that pg_dump writes last, when all went well. */
export const dumpTrailer = '-- PostgreSQL database dump complete';

/** The version of the server that was dumped, as it says it itself, from a text that holds pg_dump's first comments. */
export function dumpedVersion(text: string): string | undefined {
	return /^-- Dumped from database version (.+)$/m.exec(text)?.[1];
}

/** How pg_dumpall begins: roles and tablespaces of a whole server, and its databases unless it was told otherwise. */
const clusterHeading = '-- PostgreSQL database cluster dump';

/** Whether a comment is how pg_dumpall begins. */
export function isClusterHeading(comment: Buffer): boolean {
	return comment.toString('latin1', 0, clusterHeading.length + 2).trimEnd() === clusterHeading;
}

/** What pg_dumpall writes instead, as after `--globals-only`. */
const clusterTrailer = '-- PostgreSQL database cluster dump complete';

/** Watches a dump's segments for the trailer. It counts only where nothing but comments and psql commands follows. */
export class TrailerWatch {
	#isLast = false;

	note(segment: SqlSegment): void {
		if (segment.kind === 'psql-command') return;
		if (segment.kind === 'comment') this.#isLast ||= isTrailer(segment.text);
		else this.#isLast = false;
	}

	/** @throws BackupError `incomplete` when the trailer was not the last thing */
	assertLast(advice: string): void {
		if (this.#isLast) return;
		throw new BackupError('incomplete', `The dump ends without its last line, “${dumpTrailer}”`, { advice });
	}
}

function isTrailer(comment: Buffer): boolean {
	// Longer comments are not even decoded.
	const text = comment.toString('latin1', 0, clusterTrailer.length + 2).trimEnd();
	return text === dumpTrailer || text === clusterTrailer;
}
