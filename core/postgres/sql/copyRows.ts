import { byte } from './bytes';

/** How far the rows of a COPY reach in a buffer. */
export interface RowsScan {
	/** Where what belongs to the rows ends. */
	end: number;
	/** Bytes of the line `\.` that follows there; 0 where the rows go on, or where more is needed to tell. */
	terminatorBytes: number;
}

/** Looks for the end of a COPY's rows and counts them: a row is a line, since line ends within values are escaped. */
export class CopyRows {
	/** Rows so far. */
	count = 0;
	#atLineStart = true;

	scan(buffer: Buffer, from: number, final: boolean): RowsScan {
		let at = from;
		while (at < buffer.length) {
			if (this.#atLineStart && buffer[at] === byte.backslash) {
				const length = terminatorLength(buffer, at, final);
				if (length !== 0) return { end: at, terminatorBytes: length ?? 0 };
			}
			const newline = buffer.indexOf(byte.newline, at);
			this.#atLineStart = newline !== -1;
			if (newline === -1) return { end: buffer.length, terminatorBytes: 0 };
			this.count++;
			at = newline + 1;
		}
		return { end: at, terminatorBytes: 0 };
	}
}

/**
 * Length of the line `\.` at `at`, 0 when it is another line, undefined when the bytes do not reach far enough.
 */
function terminatorLength(buffer: Buffer, at: number, final: boolean): number | undefined {
	const [dot, next, last] = [buffer[at + 1], buffer[at + 2], buffer[at + 3]];
	if (dot === undefined) return final ? 0 : undefined;
	if (dot !== byte.dot) return 0;
	if (next === byte.newline) return 3;
	if (next === undefined) return final ? 2 : undefined;
	if (next !== byte.carriageReturn) return 0;
	if (last === undefined) return final ? 3 : undefined;
	return last === byte.newline ? 4 : 0;
}
