import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { BackupError, fileError } from '../errors';
import type { Manifest } from '../artifact';

/** What is put under a name. */
export interface Content {
	bytes: number;
	/** Where it is known. What broke off is gone on with only where it tells that it is the same. */
	sha256?: string;
	/** Begins to read it from its start; may be done again. */
	open(): ContentReader;
}

/** Content that is being read, into memory of whoever reads. */
export interface ContentReader extends AsyncDisposable {
	/**
	 * Fills the memory with the next bytes, of which there must be as many. Before the last of them is given out, it is
	 * known that all of them together are what they should be.
	 *
	 * @throws what keeps them from being given out
	 */
	read(into: Buffer): Promise<void>;
	/** Fills the memory with bytes that were given out before, from a position on. */
	readAgain(into: Buffer, position: number): Promise<void>;
}

/** Bytes that are read at a time: they are still in the processor's cache when they are hashed. */
const readBytes = 512 * 1024;

/** Small content that is at hand. */
export function textContent(text: string): Content {
	const bytes = Buffer.from(text);
	return {
		bytes: bytes.length,
		open() {
			let position = 0;
			return {
				read: async (into) => {
					position += bytes.copy(into, 0, position);
					await Promise.resolve();
				},
				readAgain: async (into, from) => {
					bytes.copy(into, 0, from);
					await Promise.resolve();
				},
				[Symbol.asyncDispose]: async () => await Promise.resolve(),
			};
		},
	};
}

/**
 * An artifact's file. Its last byte is given out only when all of them together are what the manifest says, so
 * that nobody can complete another file under its name.
 *
 * @throws BackupError from its reader: `damaged`, or whatever {@link fileError} says of the file
 */
export function artifactContent(
	path: string,
	manifest: Pick<Manifest, 'storedBytes' | 'sha256'>,
	onBytes: (bytes: number) => void = () => {},
): Content {
	const { storedBytes: bytes, sha256 } = manifest;
	return { bytes, sha256, open: () => new ArtifactReader(path, manifest, onBytes) };
}

/** All of a content in pieces, each in memory of its own. */
export async function* piecesOf(content: Content, pieceBytes: number): AsyncGenerator<Buffer, void> {
	await using reader = content.open();
	// Nothing at all is read, too, because it may be wrong.
	let left = content.bytes;
	do {
		const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, left));
		await reader.read(piece);
		yield piece;
		left -= piece.length;
	} while (left > 0);
}

class ArtifactReader implements ContentReader {
	readonly #path: string;
	readonly #manifest: Pick<Manifest, 'storedBytes' | 'sha256'>;
	readonly #onBytes: (bytes: number) => void;
	readonly #hash = createHash('sha256');
	#file: FileHandle | undefined;
	#position = 0;

	constructor(
		path: string,
		manifest: Pick<Manifest, 'storedBytes' | 'sha256'>,
		onBytes: (bytes: number) => void,
	) {
		this.#path = path;
		this.#manifest = manifest;
		this.#onBytes = onBytes;
	}

	async read(into: Buffer): Promise<void> {
		try {
			await this.#fill(into, this.#position, (piece) => {
				this.#hash.update(piece);
				this.#position += piece.length;
				this.#onBytes(piece.length);
			});
			if (this.#position === this.#manifest.storedBytes) await this.#assertWhole();
		} catch (error) {
			throw fileError(error, this.#path);
		}
	}

	async readAgain(into: Buffer, position: number): Promise<void> {
		try {
			await this.#fill(into, position);
		} catch (error) {
			throw fileError(error, this.#path);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#file?.close();
	}

	async #fill(into: Buffer, position: number, onPiece: (piece: Buffer) => void = () => {}): Promise<void> {
		const file = await this.#open();
		for (let filled = 0; filled < into.length;) {
			const length = Math.min(readBytes, into.length - filled);
			const { bytesRead } = await file.read(into, filled, length, position + filled);
			if (bytesRead === 0) throw changed(this.#path);
			onPiece(into.subarray(filled, filled + bytesRead));
			filled += bytesRead;
		}
	}

	async #assertWhole(): Promise<void> {
		const file = await this.#open();
		const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1, this.#position);
		if (bytesRead > 0 || this.#hash.digest('hex') !== this.#manifest.sha256) throw changed(this.#path);
	}

	async #open(): Promise<FileHandle> {
		return (this.#file ??= await open(
			this.#path,
			constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
		));
	}
}

function changed(path: string): BackupError {
	return new BackupError('damaged', `${path} is not what its manifest says, so it was not copied`, {
		advice: 'Verify it; copies that were made before may still be good',
	});
}
