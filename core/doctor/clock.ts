import { formatDuration } from '../units';
import { failed, type Finding, passed } from './finding';

/** More than any network delay. */
const tolerance = 60_000;

/** Compares a server's clock with ours, which backups are named and retained by. */
export function compareClocks(check: string, theirs: number, ours = Date.now()): Finding {
	const difference = theirs - ours;
	if (Math.abs(difference) <= tolerance) return passed(check, 'The server’s clock and this one agree.');
	const direction = difference > 0 ? 'ahead of' : 'behind';
	return failed(
		check,
		`The server’s clock is ${formatDuration(Math.abs(difference))} ${direction} this one.`,
		'Set both by NTP: backups are named and kept by the clock of this machine.',
	);
}
