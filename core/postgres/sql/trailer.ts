import type { SqlSegment } from './segment';

/** Whether a segment is the comment that pg_dump writes last, when all went well. */
export function isTrailer(segment: SqlSegment): boolean {
	return segment.kind === 'comment' && segment.text.toString('latin1').trimEnd() === dumpTrailer;
}

export const dumpTrailer = '-- PostgreSQL database dump complete';
