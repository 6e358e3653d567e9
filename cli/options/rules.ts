import { type Command, Option } from 'commander';
import type { RetentionPolicy } from '../../core/retention';
import { wholeNumber } from './numbers';

/** Adds the rules of retention, with the defaults that the node has. */
export function addRules(command: Command): Command {
	const rule = (flags: string, count: number, description: string) =>
		command.addOption(
			new Option(`${flags} <number>`, `${description}; 0 for off`).argParser(wholeNumber(0)).default(count),
		);
	rule('--keep-days', 7, 'keep everything of this many days before the newest');
	rule('--keep-last', 3, 'keep this many of the newest');
	rule('--keep-daily', 0, 'keep the newest of each of the last days that have one');
	rule('--keep-weekly', 0, 'keep the newest of each of the last weeks that have one');
	rule('--keep-monthly', 0, 'keep the newest of each of the last months that have one');
	return rule('--keep-yearly', 0, 'keep the newest of each of the last years that have one');
}

/** The policy that those options make. */
export function policyOf(options: RetentionPolicy): RetentionPolicy {
	const { keepDays, keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly } = options;
	return { keepDays, keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly };
}
