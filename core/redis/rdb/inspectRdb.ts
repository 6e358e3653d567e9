import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cancelledError } from '../../errors';
import { RdbInspector, type RdbFacts } from './rdbInspector';

/**
 * Passes an RDB on unchanged and fails at its end when it is not whole and sound, so that nothing behind it
 * mistakes it for finished. {@link facts} are there once it has ended.
 */
export class RdbCheck extends Transform {
	readonly #inspector = new RdbInspector();
	#facts: RdbFacts | undefined;

	/** Undefined until the last byte was seen and judged. */
	get facts(): RdbFacts | undefined {
		return this.#facts;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.#inspector.take(chunk);
		callback(null, chunk);
	}

	override _flush(callback: TransformCallback): void {
		try {
			this.#facts = this.#inspector.finish();
			callback();
		} catch (error) {
			callback(error as Error);
		}
	}
}

/**
 * Reads an RDB to its end and says what it holds.
 *
 * @throws {BackupError} `damaged` or `incomplete` with what is wrong with it, `cancelled`; and whatever the stream
 * fails with
 */
export async function inspectRdb(rdb: Readable, signal: AbortSignal): Promise<RdbFacts> {
	const inspector = new RdbInspector();
	const inspectAll = async (chunks: AsyncIterable<Buffer>) => {
		for await (const chunk of chunks) inspector.take(chunk);
	};
	try {
		await pipeline(rdb, inspectAll, { signal });
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : error;
	}
	return inspector.finish();
}
