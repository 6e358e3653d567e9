import { lstatSync, readFileSync, realpathSync } from 'node:fs';

/** Knows which paths below a directory are mounts of their own: other disks, and bind mounts of the same one. */
export class MountsBelow {
	readonly #directory: Buffer;
	readonly #device: number;
	/** Without links on the way to it, as bytes in latin1 characters. */
	readonly #realPath: string;
	readonly #mountPoints = new Set(mountPoints());

	constructor(directory: Buffer) {
		this.#directory = directory;
		this.#device = lstatSync(directory).dev;
		this.#realPath = realpathSync(directory, { encoding: 'buffer' }).toString('latin1');
	}

	/** @param path below the directory, with no links in between */
	has(path: Buffer): boolean {
		const below = path.subarray(this.#directory.length).toString('latin1');
		if (this.#mountPoints.has(`${this.#realPath.replace(/\/$/, '')}${below}`)) return true;
		// Where the system has no list. Of files, an overlay reports the device of the layer that they are in.
		const stats = lstatSync(path, { throwIfNoEntry: false });
		return stats !== undefined && stats.isDirectory() && stats.dev !== this.#device;
	}
}

/** As proc_pid_mountinfo(5) has them; none where there is no such file. */
function mountPoints(): string[] {
	try {
		const lines = readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\n');
		return lines.map((line) => unescapeOctal(line.split(' ')[4] ?? ''));
	} catch {
		return [];
	}
}

/** Spaces and the like are written as `\040`. */
function unescapeOctal(text: string): string {
	return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
