/** An n8n's version in its parts; undefined where the text is none. */
function partsOf(version: string): number[] | undefined {
	const [, ...parts] = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version.trim()) ?? [];
	return parts.length === 0 ? undefined : parts.map(Number);
}

/** Whether a text is a version as n8n has them: `2.40.7`. */
export function isVersion(text: string): boolean {
	return partsOf(text) !== undefined;
}

/** Whether a version is before another one; undefined where one of them is no version. */
export function isOlder(version: string, other: string): boolean | undefined {
	const [mine, theirs] = [partsOf(version), partsOf(other)];
	if (!mine || !theirs) return undefined;
	const different = mine.findIndex((part, index) => part !== theirs[index]);
	return different !== -1 && mine[different]! < theirs[different]!;
}

/**
 * A warning where an older n8n than the one that was backed up is to use what is restored: n8n migrates its database
 * forwards only. None where one of them is not known.
 */
export function olderThanBackup(backedUp: string | undefined, n8nVersion: string | undefined): string[] {
	if (backedUp === undefined || n8nVersion === undefined || !isOlder(n8nVersion, backedUp)) return [];
	return [
		`The backup is of n8n ${backedUp}, and n8n ${n8nVersion} is to use it, which is older: it does not know what a newer one made of the database, and does not undo it. Use n8n ${backedUp} or newer.`,
	];
}
