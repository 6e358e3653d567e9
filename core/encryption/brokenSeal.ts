import { BackupError } from '../errors';

/** The error for a file whose encryption does not hold, which says nothing of how it was before. */
export class BrokenSealError extends BackupError {
	constructor(code: 'damaged' | 'incomplete', what: string, cause?: unknown) {
		super(code, what, { advice: 'Use another backup, or another copy of this one', cause });
	}
}
