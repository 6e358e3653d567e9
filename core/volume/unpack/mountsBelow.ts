import { lstatSync, realpathSync } from 'node:fs';
import { readMounts } from '../mounts';

/** Knows which paths below a directory are mounts of their own: other disks, and bind mounts of the same one. */
export class MountsBelow {
	readonly #device: number;
	/** Without links on the way to it, as bytes in latin1 characters. */
	readonly #realPath: string;
	readonly #mountPoints = new Set(readMounts().map(({ point }) => point));

	constructor(directory: Buffer) {
		this.#device = lstatSync(directory).dev;
		this.#realPath = realpathSync(directory, { encoding: 'buffer' }).toString('latin1');
	}

	/**
	 * @param path where to look at it
	 * @param below its path below the directory, with a slash in front and no links in between
	 */
	has(path: Buffer, below: Buffer): boolean {
		const point = `${this.#realPath.replace(/\/$/, '')}${below.toString('latin1')}`;
		if (this.#mountPoints.has(point)) return true;
		// Where the system has no list. Of files, an overlay reports the device of the layer that they are in.
		const stats = lstatSync(path, { throwIfNoEntry: false });
		return stats !== undefined && stats.isDirectory() && stats.dev !== this.#device;
	}
}
