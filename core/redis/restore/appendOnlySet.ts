/** One line of a manifest: the file's name (quoted where it has to be), its number, its type, and what follows. */
const line = /^(file .+ seq (\d+) type )[bih](.*)$/;

/** The files that an append-only file consists of since Redis 7 (`aof.c`, `aofManifest`). */
export interface AppendOnlySet {
	/** Name of the file that is loaded first; it may be an RDB. */
	base: string;
	/** Name of the file that the server appends to. */
	increment: string;
	/** Content of the manifest that names them. */
	manifest: string;
}

/**
 * The set that takes the place of what a manifest lists. Its numbers are higher than all before, because a server
 * appends to a file of that number if there is one. What was listed becomes history, which the server itself
 * deletes, but only once it has loaded the new set.
 *
 * @param fileName the server's `appendfilename`
 * @param manifest of the stopped server; undefined where it has none yet
 */
export function nextAppendOnlySet(fileName: string, manifest = ''): AppendOnlySet {
	const present = manifest.split('\n').flatMap((text) => {
		const [, file, number, rest] = line.exec(text.trimEnd()) ?? [];
		return file === undefined ? [] : [{ number: Number(number), asHistory: `${file}h${rest}` }];
	});
	const number = Math.max(0, ...present.map((file) => file.number)) + 1;
	const base = `${fileName}.${number}.base.rdb`;
	const increment = `${fileName}.${number}.incr.aof`;
	const lines = [
		`file ${quote(base)} seq ${number} type b`,
		...present.map(({ asHistory }) => asHistory),
		`file ${quote(increment)} seq ${number} type i`,
	];
	return { base, increment, manifest: `${lines.join('\n')}\n` };
}

function quote(name: string): string {
	return `"${name.replace(/["\\]/g, '\\$&')}"`;
}
