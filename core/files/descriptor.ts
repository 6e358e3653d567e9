import { fdatasync, read, writeFile } from 'node:fs';
import { promisify } from 'node:util';

const promised = { datasync: promisify(fdatasync), read: promisify(read), writeFile: promisify(writeFile) };

/** What the storing thread needs of an open file. A `FileHandle` has all of it. */
export interface OpenFile {
	/** Writes all of it where the last write ended. */
	writeFile(chunk: Buffer): Promise<void>;
	datasync(): Promise<void>;
	read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** A file that another thread of this process has opened, and will close. */
export class Descriptor implements OpenFile {
	readonly #fd: number;

	constructor(fd: number) {
		this.#fd = fd;
	}

	async writeFile(chunk: Buffer): Promise<void> {
		await promised.writeFile(this.#fd, chunk);
	}

	async datasync(): Promise<void> {
		await promised.datasync(this.#fd);
	}

	async read(
		buffer: Buffer,
		offset: number,
		length: number,
		position: number,
	): Promise<{ bytesRead: number }> {
		return await promised.read(this.#fd, buffer, offset, length, position);
	}
}
