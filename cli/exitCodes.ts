import { BackupError } from '../core/errors';

/** What the process ends with; documented in the command's help and in docs/restore.md. */
export const exitCodes = {
	ok: 0,
	/** It could not be done: unreachable, not permitted, not found. */
	failed: 1,
	/** The command line makes no sense; nothing was started. */
	usage: 2,
	/** An artifact is damaged, or a verification or drill found that something does not hold. */
	damaged: 3,
	/** By Ctrl-C; the shell's convention of 128 and the signal's number. SIGTERM gives 143. */
	cancelled: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
	if (!(error instanceof BackupError)) return exitCodes.failed;
	switch (error.code) {
		case 'bad-parameter':
			return exitCodes.usage;
		case 'damaged':
		case 'incomplete':
			return exitCodes.damaged;
		case 'cancelled':
			return exitCodes.cancelled;
		default:
			return exitCodes.failed;
	}
}

/** The exit code for several things done at a time: that a backup is damaged is the worst news. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
	if (codes.includes(exitCodes.damaged)) return exitCodes.damaged;
	return codes.find((code) => code !== exitCodes.ok) ?? exitCodes.ok;
}
