import { type FileHandle, open, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactMeasures, readArtifact } from '../../artifact/readArtifact';
import type { CompressionMethod } from '../../compression/compression';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';
import { KeyWatch } from '../../n8n/encryptionKey';
import { displayPath, noBytes, type TarMember } from '../../tar/member';
import { TarScanner } from '../../tar/tarScanner';
import { isDatabase } from '../sqlite/fileFormat';

export interface TakeRequest {
	artifactPath: string;
	compression: CompressionMethod;
	/** For an archive that is encrypted. */
	keys?: DecryptionKeys;
	/** A directory of ours alone. */
	scratch: string;
	/** Of all databases together. */
	maxBytes: number;
	onBytes?: (rawBytes: number) => void;
}

/** A database that was taken out of an archive. */
export interface TakenDatabase {
	/** In the archive. */
	path: string;
	/** Of the copy. */
	location: string;
}

export interface Taken extends ArtifactMeasures {
	databases: TakenDatabase[];
	/** n8n's encryption key, where the archive has its `config`. It must not get out of the check that it is for. */
	key?: string;
}

/** What SQLite brings in when it opens a database. */
const contentSuffixes = ['-wal', '-journal'];

/**
 * Reads an archive to its end and puts every SQLite database in it, with its log, into the scratch directory.
 *
 * @throws BackupError `no-space` before a database is written that is over the limit or would fill the disk; `damaged` or
 * `incomplete` when the archive does not hold
 */
export async function takeDatabases(request: TakeRequest, signal: AbortSignal): Promise<Taken> {
	const { artifactPath: path, compression, keys, onBytes } = request;
	await using taker = new Taker(request);
	const scanner = new TarScanner();
	const n8nKeys = new KeyWatch();
	const consume = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		for await (const chunk of raw) {
			for (const event of scanner.scan(chunk)) {
				n8nKeys.note(event);
				if (event.kind === 'member') taker.begin(event.member);
				else if (event.kind === 'content') await taker.take(event.bytes);
				else await taker.end();
			}
		}
		scanner.end();
	};
	const measures = await readArtifact({ path, compression, keys, onBytes }, consume, signal);
	return { ...measures, databases: await taker.finish(), key: n8nKeys.key };
}

/** Long enough to know a database by. */
const signatureBytes = 16;

class Taker implements AsyncDisposable {
	readonly #request: TakeRequest;
	readonly #databases: TakenDatabase[] = [];
	/** Path in the archive, and where it lies. */
	readonly #logs = new Map<string, string>();
	#member: TarMember | undefined;
	#path = '';
	#isTold = false;
	#head: Buffer = noBytes;
	#file: FileHandle | undefined;
	#made = 0;
	#bytes = 0;

	constructor(request: TakeRequest) {
		this.#request = request;
	}

	begin(member: TarMember): void {
		this.#member = member;
		this.#path = displayPath(member.path).replace(/^\.\//, '');
		this.#isTold = false;
		this.#head = noBytes;
	}

	async take(piece: Buffer): Promise<void> {
		let bytes = piece;
		if (!this.#isTold) {
			// A piece may end before a signature does.
			this.#head = Buffer.concat([this.#head, piece]);
			const isWhole = this.#head.length >= Math.min(signatureBytes, this.#member?.size ?? 0);
			if (!isWhole) return;
			bytes = this.#head;
			await this.#tell(bytes);
		}
		let written = 0;
		while (this.#file && written < bytes.length)
			written += (await this.#file.write(bytes, written)).bytesWritten;
	}

	async end(): Promise<void> {
		await this.#file?.close();
		this.#file = undefined;
	}

	async finish(): Promise<TakenDatabase[]> {
		for (const { path, location } of this.#databases) {
			for (const suffix of contentSuffixes) {
				const log = this.#logs.get(`${path}${suffix}`);
				if (log !== undefined) await rename(log, `${location}${suffix}`);
			}
		}
		return this.#databases;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#file?.close();
	}

	async #tell(firstBytes: Buffer): Promise<void> {
		this.#isTold = true;
		const isLog = contentSuffixes.some((suffix) => this.#path.endsWith(suffix));
		if (!isLog && !isDatabase(firstBytes)) return;
		const size = this.#member?.size ?? 0;
		await this.#assertFits(size);
		this.#bytes += size;
		const location = join(this.#request.scratch, `${this.#made++}.sqlite`);
		this.#file = await open(location, 'wx', 0o600);
		if (isLog) this.#logs.set(this.#path, location);
		else this.#databases.push({ path: this.#path, location });
	}

	async #assertFits(size: number): Promise<void> {
		const { maxBytes, scratch } = this.#request;
		if (this.#bytes + size > maxBytes) {
			throw new BackupError(
				'no-space',
				`Its databases have more than the ${maxBytes} bytes that a drill takes`,
				{
					advice: 'Raise the limit of the drill, or drill it on another machine',
				},
			);
		}
		const { blocks, bavail, bsize } = await statfs(scratch);
		// Some network file systems do not know, and say zero for everything.
		if (blocks === 0 || size <= bavail * bsize) return;
		throw new BackupError(
			'no-space',
			`${this.#path} has ${size} bytes, and ${bavail * bsize} are free in ${scratch}`,
			{
				advice: 'Free space there, or set TMPDIR in n8n’s environment to a larger disk',
			},
		);
	}
}
