import { closeSync } from 'node:fs';
import { openedPathTo, systemPathBytes } from './longPath';

/** A directory on the way to longer paths. */
interface Step {
	/** Below the root, bytes as latin1 characters. */
	path: string;
	location: Buffer;
	descriptor: number;
}

/**
 * Finds paths below a directory, also those that are longer than the system takes: by directories on the way to them,
 * which stay open for as long as the next path leads through them. Dispose of it in the end.
 */
export class DeepPaths implements Disposable {
	readonly #root: Buffer;
	readonly #steps: Step[] = [];

	constructor(root: string | Buffer) {
		this.#root = Buffer.from(root as string);
	}

	/**
	 * Where a path is to be opened, until the next call. All directories on the way to it must be there.
	 *
	 * @param path bytes as latin1 characters, without a slash in front; empty for the directory itself
	 * @throws BackupError `unsupported` where long paths cannot be reached, errors of the system
	 */
	locate(path: string): Buffer {
		this.#leave(path);
		for (;;) {
			const { location, rest } = this.#behindSteps(path);
			const room = systemPathBytes - 1 - location.length - 1;
			const cut = rest.length <= room ? -1 : rest.lastIndexOf('/', room);
			if (cut <= 0) return join(location, rest);
			const step = join(location, rest.slice(0, cut));
			const pathOfStep = path.slice(0, path.length - rest.length + cut);
			const shown = () => `${this.#root.toString()}/${Buffer.from(pathOfStep, 'latin1').toString()}`;
			this.#steps.push({ path: pathOfStep, ...openedPathTo(step, shown) });
		}
	}

	[Symbol.dispose](): void {
		while (this.#steps.length > 0) closeSync(this.#steps.pop()!.descriptor);
	}

	/** Closes what does not lead to a path. */
	#leave(path: string): void {
		for (
			let last = this.#steps.at(-1);
			last && !path.startsWith(`${last.path}/`);
			last = this.#steps.at(-1)
		) {
			closeSync(last.descriptor);
			this.#steps.pop();
		}
	}

	#behindSteps(path: string): { location: Buffer; rest: string } {
		const last = this.#steps.at(-1);
		return last === undefined
			? { location: this.#root, rest: path }
			: { location: last.location, rest: path.slice(last.path.length + 1) };
	}
}

function join(directory: Buffer, path: string): Buffer {
	return path === '' ? directory : Buffer.concat([directory, Buffer.from(`/${path}`, 'latin1')]);
}
