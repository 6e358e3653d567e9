import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { ClaimedDirectory } from '../../files/claimedDirectory';
import { BlockReader, BlockStream, type FilledBlock } from '../../blocks';
import { errorCode } from '../../errors';
import { ArchiveInspector, assertHolds } from '../inspectArchive';
import { fromWorkerError, toWorkerError } from '../../errors/workerError';
import { type JobThread, lossError, takeThread, type ThreadLoss } from '../../threads';
import { type Copied, DatabaseCopier } from '../sqlite/databaseCopier';
import type { PackOptions, PackReport } from './packTree';
import type { CopyReply, PackJob, PackMessage } from './packWorker';

/**
 * A directory's tar as a stream, read in a worker. What passes is looked at by the code that reads archives, so
 * that an archive which could not be restored fails while it is made. Destroying it ends the work and the process
 * that copies databases, and removes its scratch directories.
 */
export class PackStream extends BlockStream {
	/** What the archive holds; known once the stream has ended. */
	report: PackReport | undefined;
	readonly #thread: JobThread;
	readonly #port: MessagePort;
	readonly #scratch: readonly string[];
	readonly #copier = new DatabaseCopier();
	/** Says that the copies are not left over. */
	readonly #claims = new Map<string, Promise<ClaimedDirectory>>();
	readonly #blocks = new BlockReader();
	readonly #inspector: ArchiveInspector | undefined;

	/** @param isReadBack from its file, later: then it is not inspected here */
	constructor(options: PackOptions, { isReadBack }: { isReadBack: boolean }) {
		super();
		this.#inspector = isReadBack ? undefined : new ArchiveInspector();
		this.#scratch = options.scratch;
		const job: PackJob = { options, output: this.#blocks.shared };
		this.#thread = takeThread({ file: join(__dirname, 'packWorker.js'), name: 'pack' });
		this.#port = this.#thread.begin(job);
		this.#port.on('message', (message: PackMessage) => this.#receive(message));
		void this.#thread.lost.then((loss) => this.#noticeLoss(loss));
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#release().then(
			() => super._destroy(error, callback),
			(releaseError: Error) => super._destroy(error ?? releaseError, callback),
		);
	}

	#receive(message: PackMessage): void {
		if (this.destroyed) return;
		try {
			if (message.kind === 'failed') throw fromWorkerError(message.error);
			if (message.kind === 'output') this.#pass(message.filled);
			else if (message.kind === 'copy') void this.#copy(message.location, message.target);
			else this.#finish(message.report);
		} catch (error) {
			this.destroy(error as Error);
		}
	}

	#pass(filled: FilledBlock): void {
		const block = this.#blocks.open(filled);
		this.#inspector?.take(block.bytes);
		this.deliver(block);
	}

	async #copy(location: string, target: string): Promise<void> {
		const reply: CopyReply = await this.#copyBelowClaim(location, target).then(
			(copied) => ({ copied }),
			(error: unknown) => ({ error: toWorkerError(error) }),
		);
		if (!this.destroyed) this.#port.postMessage(reply);
	}

	async #copyBelowClaim(location: string, target: string): Promise<Copied> {
		const directory = dirname(target);
		const claim = this.#claims.get(directory) ?? ClaimedDirectory.claim(directory);
		this.#claims.set(directory, claim);
		await claim;
		return await this.#copier.copy(location, target);
	}

	#finish(report: PackReport): void {
		if (this.#inspector) assertHolds(this.#inspector.finish(), report.census);
		this.report = report;
		this.end();
	}

	#noticeLoss(loss: ThreadLoss): void {
		if (!this.report && !this.destroyed) this.destroy(lossError(loss, 'reads the directory'));
	}

	async #release(): Promise<void> {
		if (this.report) this.#thread.release();
		await this.#thread.end();
		this.#blocks.retire();
		await this.#copier[Symbol.asyncDispose]();
		for (const claim of this.#claims.values())
			await (await claim.catch(() => undefined))?.[Symbol.asyncDispose]();
		await Promise.all(this.#scratch.map(removeScratch));
	}
}

async function removeScratch(path: string): Promise<void> {
	await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
		// What is above it is a file: then it was never made.
		if (errorCode(error) !== 'ENOTDIR') throw error;
	});
}
