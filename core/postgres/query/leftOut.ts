import { decodeText } from '../sql/encoding';
import type { ServerRefusal } from '../restore/serverRefusal';
import type { BatchedStatement } from '../restore/statementBatch';

/** Definitions that are named at most. */
const named = 3;

/** What says of a foreign key that rows which it refers to are not there. */
const foreignKeyViolation = '23503';

/** What of a dump could not be made. */
export class LeftOut {
	readonly #definitions: string[] = [];
	#foreignKeys = 0;

	note({ text, line }: BatchedStatement, { code, message }: ServerRefusal): void {
		if (code === foreignKeyViolation) {
			this.#foreignKeys++;
			return;
		}
		const start = decodeText(text.subarray(0, 200), 'SQL_ASCII').replace(/\s+/g, ' ');
		const shown = start.length > 60 ? `${start.slice(0, 60)}…` : start;
		this.#definitions.push(`line ${line} of the dump (${shown}): ${message}`);
	}

	/** In sentences. */
	get notes(): string[] {
		const shown = this.#definitions.slice(0, named);
		const more = this.#definitions.length - shown.length;
		return [
			...shown.map((definition) => `What could not be made is left out: ${definition}.`),
			...(more > 0 ? [`And ${more} more definitions.`] : []),
			...(this.#foreignKeys > 0
				? [`Foreign keys to tables whose rows were not taken are left out: ${this.#foreignKeys}.`]
				: []),
		];
	}
}
