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
