/** How far a file is written. */
export interface Growth {
	/** In the file so far. */
	bytes: number;
	/** Hex digest of everything that was written; empty until it is known that nothing follows. */
	sha256: string;
}

/** A file that somebody else is writing, as far as it is known here. */
export class GrowingFile implements Growth {
	bytes = 0;
	sha256 = '';
	readonly path: string;
	#wake: (() => void) | undefined;

	constructor(path: string) {
		this.path = path;
	}

	update({ bytes, sha256 }: Growth): void {
		this.bytes = bytes;
		this.sha256 = sha256;
		this.#wake?.();
	}

	/** Waits until there are that many bytes in the file, or nothing will follow. */
	async reaches(bytes: number): Promise<void> {
		while (this.bytes < bytes && this.sha256 === '') {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}
}
