import { InvalidArgumentError } from 'commander';

/** For options that take a whole number from `lowest` to `highest`. */
export function wholeNumber(lowest: number, highest = Number.MAX_SAFE_INTEGER): (text: string) => number {
	return (text) => {
		const value = Number(text);
		if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
		const range = highest === Number.MAX_SAFE_INTEGER ? `${lowest} or more` : `${lowest} to ${highest}`;
		throw new InvalidArgumentError(`Use a whole number, ${range}.`);
	};
}
