/**
 * Where n8n keeps binary data in its data folder. n8n 3 renames the first one to the second when it starts, and does not
 * start where both are there (n8n's BREAKING-CHANGES.md, of 3.0).
 */
export const storageFolders = ['binaryData', 'storage'];

/** The one of the two names that must not be there where `topLevel`, the top of a data folder, is to be. */
export function rivalStorageFolder(topLevel: Iterable<string>): string | undefined {
	const held = new Set(topLevel);
	const [first, second] = storageFolders.filter((name) => held.has(name));
	// With both, it was like that when it was backed up.
	return first !== undefined && second === undefined
		? storageFolders.find((name) => name !== first)
		: undefined;
}
