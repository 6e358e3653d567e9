/** What the name of an encrypted file ends with. */
export const ageSuffix = '.age';

/** Whether a file is encrypted, by its name. */
export function isAgeName(fileName: string): boolean {
	return fileName.endsWith(ageSuffix);
}

/** The name without `.age`: it says what is inside. */
export function withoutAge(fileName: string): string {
	return isAgeName(fileName) ? fileName.slice(0, -ageSuffix.length) : fileName;
}
