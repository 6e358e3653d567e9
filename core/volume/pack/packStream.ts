import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { BackupError } from '../../errors';
import { ArchiveInspector, assertHolds } from '../inspectArchive';
import { fromWorkerError } from '../workerError';
import type { PackOptions, PackReport } from './packTree';
import type { PackAcknowledgement, PackMessage } from './packWorker';

/**
 * A directory's tar as a stream, read in a worker. What passes is looked at by the code that reads archives, so
 * that an archive which could not be restored fails while it is made. Destroying it ends the worker and removes
 * its scratch directory.
 */
export class PackStream extends Readable {
	/** What the archive holds; known once the stream has ended. */
	report: PackReport | undefined;
	readonly #worker: Worker;
	readonly #scratch: string;
	readonly #inspector = new ArchiveInspector();
	#unacknowledged = 0;

	constructor(options: PackOptions) {
		super({ highWaterMark: 1024 * 1024 });
		this.#scratch = options.scratch;
		this.#worker = new Worker(join(__dirname, 'packWorker.js'), {
			workerData: options,
			// The one of node:sqlite, on n8n's own error output every night.
			execArgv: ['--disable-warning=ExperimentalWarning'],
		});
		this.#worker.on('message', (message: PackMessage) => this.#receive(message));
		this.#worker.on('error', (error: Error) => this.destroy(error));
		this.#worker.on('exit', (exitCode) => this.#noticeExit(exitCode));
	}

	override _read(): void {
		this.#acknowledge(this.#unacknowledged);
		this.#unacknowledged = 0;
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#release().then(
			() => callback(error),
			(releaseError: Error) => callback(error ?? releaseError),
		);
	}

	#receive(message: PackMessage): void {
		if (this.destroyed) return;
		try {
			if (message.kind === 'failed') throw fromWorkerError(message.error);
			if (message.kind === 'chunk') this.#pass(message.chunk);
			else this.#end(message.report);
		} catch (error) {
			this.destroy(error as Error);
		}
	}

	#pass({ buffer, byteOffset, byteLength }: Uint8Array): void {
		const chunk = Buffer.from(buffer, byteOffset, byteLength);
		this.#inspector.take(chunk);
		if (this.push(chunk)) this.#acknowledge(1);
		else this.#unacknowledged++;
	}

	#end(report: PackReport): void {
		assertHolds(this.#inspector.finish(), report.census);
		this.report = report;
		this.push(null);
	}

	#acknowledge(chunks: number): void {
		if (chunks === 0) return;
		const acknowledgement: PackAcknowledgement = { chunks };
		this.#worker.postMessage(acknowledgement);
	}

	#noticeExit(exitCode: number): void {
		if (this.report || this.destroyed) return;
		this.destroy(
			new BackupError('incomplete', `The thread that reads the directory ended early (code ${exitCode})`, {
				advice: 'Run it again; if it happens again, give n8n more memory',
			}),
		);
	}

	async #release(): Promise<void> {
		await this.#worker.terminate();
		await rm(this.#scratch, { recursive: true, force: true });
	}
}
