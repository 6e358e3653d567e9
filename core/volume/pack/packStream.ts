import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { BackupError } from '../../errors';
import { fromWorkerError } from '../workerError';
import type { PackOptions, PackReport } from './packTree';
import type { PackAcknowledgement, PackMessage } from './packWorker';

/**
 * A directory's tar as a stream, read in a worker. Destroying it ends the worker and removes its scratch
 * directory.
 */
export class PackStream extends Readable {
	/** What the archive holds; known once the stream has ended. */
	report: PackReport | undefined;
	readonly #worker: Worker;
	readonly #scratch: string;
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
		this.#worker.on('error', (error) => this.destroy(error));
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
		if (message.kind === 'chunk') {
			const { buffer, byteOffset, byteLength } = message.chunk;
			if (this.push(Buffer.from(buffer, byteOffset, byteLength))) this.#acknowledge(1);
			else this.#unacknowledged++;
		} else if (message.kind === 'failed') {
			this.destroy(fromWorkerError(message.error));
		} else {
			this.report = message.report;
			this.push(null);
		}
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
