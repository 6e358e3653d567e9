import { InvalidArgumentError } from 'commander';
import { BackupError } from '../../core/errors';

/** For options that take a whole number from `lowest` to `highest`. */
export function wholeNumber(lowest: number, highest = Number.MAX_SAFE_INTEGER): (text: string) => number {
	return (text) => {
		const value = Number(text);
		if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
		const range = highest === Number.MAX_SAFE_INTEGER ? `${lowest} or more` : `${lowest} to ${highest}`;
		throw new InvalidArgumentError(`Use a whole number, ${range}.`);
	};
}

/**
 * The port that an environment variable names.
 *
 * @throws BackupError `bad-parameter` when it names none
 */
export function portFrom(env: NodeJS.ProcessEnv, variable: string, standard: number): number {
	const text = env[variable];
	if (text === undefined || text === '') return standard;
	const port = Number(text);
	if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
	throw new BackupError('bad-parameter', `${variable} is "${text}"`, {
		advice: 'Set it to a number from 1 to 65535, or unset it',
	});
}
