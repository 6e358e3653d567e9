import type { OpenFile } from '../../files/descriptor';

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
	/** For errors. */
	readonly path: string;
	readonly #file: Pick<OpenFile, 'read'>;
	#wake: (() => void) | undefined;

	/** @param file open for reading; whoever opened it closes it */
	constructor(path: string, file: Pick<OpenFile, 'read'>) {
		this.path = path;
		this.#file = file;
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

	/** Fills a part of the buffer from a place in the file. @returns how many bytes there were */
	async read(buffer: Buffer, length: number, position: number): Promise<number> {
		const { bytesRead } = await this.#file.read(buffer, 0, length, position);
		return bytesRead;
	}
}
