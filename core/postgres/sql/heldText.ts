import { BackupError } from '../../errors';
import { countNewlines } from './bytes';

/** Bytes that a statement, a comment or a psql command may have, since each is held in memory as a whole. */
const maxHeldBytes = 64 * 1024 * 1024;

/** What has come of the statement, comment or command that is being read, and the line that it begins on. */
export class HeldText {
	line = 1;
	#parts: Buffer[] = [];
	#bytes = 0;

	/** Copies a part, since the chunk that it is in will be used again. */
	keep(part: Buffer): void {
		if (part.length === 0) return;
		this.#count(part);
		this.#parts.push(Buffer.from(part));
	}

	/** All of it, once its last part is there; what comes next begins behind it. */
	take(last: Buffer): { text: Buffer; line: number } {
		this.#count(last);
		const text = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
		const { line } = this;
		this.#parts = [];
		this.#bytes = 0;
		this.line += countNewlines(text, 0, text.length);
		return { text, line };
	}

	/** @throws BackupError `unsupported` where it grows beyond what memory is meant for */
	#count(part: Buffer): void {
		this.#bytes += part.length;
		if (this.#bytes <= maxHeldBytes) return;
		const what = `The statement that begins on line ${this.line} of the dump is longer than ${maxHeldBytes / 1024 ** 2} MB`;
		throw new BackupError('unsupported', what, {
			advice:
				'Use psql for it; pg_dump writes no such statement, unless it was told to write INSERT for COPY',
		});
	}
}
