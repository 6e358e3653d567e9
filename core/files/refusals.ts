import { errorCode } from '../errors';

/** What some disks and shares cannot do, in the words of a warning. */
export type Refusal = (typeof refusals)[number];

/** In the order in which they are said. */
const refusals = ['permissions', 'owners', 'times', 'hard links'] as const;

/** How file systems say that something is beyond them, or that their server forbids it. */
const refusingCodes = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EXDEV'];

/** Whether an error says that the file system cannot do this, rather than that it failed. */
export function isRefusal(error: unknown): boolean {
	return refusingCodes.includes(errorCode(error) ?? '');
}

/**
 * What a directory's file system refused during a run (exFAT, SMB, NFS with squashed owners). None of it keeps a
 * backup from being made; all of it is said, once.
 */
export class Refusals {
	readonly #found = new Set<Refusal>();

	add(refusal: Refusal): void {
		this.#found.add(refusal);
	}

	/**
	 * Does what a file system may refuse.
	 *
	 * @throws whatever else goes wrong
	 */
	async tolerate(refusal: Refusal, work: () => Promise<unknown>): Promise<void> {
		try {
			await work();
		} catch (error) {
			if (!isRefusal(error)) throw error;
			this.add(refusal);
		}
	}

	/** {@link tolerate} for synchronous work. @returns whether it was done */
	tolerateSync(refusal: Refusal, work: () => void): boolean {
		try {
			work();
			return true;
		} catch (error) {
			if (!isRefusal(error)) throw error;
			this.add(refusal);
			return false;
		}
	}

	/** One sentence for people; none when nothing was refused. */
	warnings(directory: string): string[] {
		const found = refusals.filter((refusal) => this.#found.has(refusal));
		if (found.length === 0) return [];
		const list = found.join(', ').replace(/, ([^,]*)$/, ' and $1');
		const access = this.#found.has('permissions') || this.#found.has('owners');
		const consequence = access ? ': how that disk is mounted decides who may read what is there' : '';
		return [`The file system of ${directory} does not take ${list}${consequence}.`];
	}
}
