import type { Readable } from 'node:stream';
import type { EngineName } from './component';
import type { Census, Manifest, ManifestSource } from './manifest';

/** How far a run has come. Sizes are in bytes. */
export interface Progress {
	rawBytes: number;
	/** Undefined where nobody can know it beforehand. */
	totalBytes?: number;
	/** Whether the total is a guess: the size of the last backup, or of the database. */
	isEstimate?: boolean;
	/** What is being done, as a person would say it: `dumping n8n`. */
	step: string;
}

export type OnProgress = (progress: Progress) => void;

/** What an engine knows of a source once its bytes are known to be whole. It goes into the manifest. */
export interface SourceFacts {
	source: ManifestSource;
	engine: { name: EngineName; version: string };
	census: Census;
	warnings: string[];
	encryptionKey?: Manifest['encryptionKey'];
}

/**
 * A component's bytes on their way into an artifact; every engine yields one.
 *
 * Neither half alone says that a backup succeeded: a stream can end early and a process can exit with zero
 * before its output was read. The pipeline waits for both.
 */
export interface Source {
	/** The raw bytes, before compression. Destroying it ends whatever produces them. */
	stream: Readable;
	/** About how many raw bytes there will be, where the source can tell. */
	expectedBytes?: number;
	/**
	 * Settles after the stream has ended, and rejects when the producing side did not say that it was whole
	 * (exit code, trailer, checksum). Never settles before the stream has ended successfully.
	 */
	finished: Promise<SourceFacts>;
	/**
	 * The path of a module that exports an {@link AssertReadBack} as `assertReadBack`; it runs in another thread. For formats whose
	 * writer cannot be trusted on its own word.
	 */
	readBack?: string;
}

/**
 * Takes the raw bytes as they are read back from the file, while it is being written and before it gets its name,
 * and throws when they are not what the source's facts say.
 *
 * @param raw pieces that are valid only until the next one is asked for; it is read to its end
 * @param facts resolves after the last piece
 */
export type AssertReadBack = (raw: AsyncIterable<Buffer>, facts: Promise<SourceFacts>) => Promise<void>;

/** Opens a source. The signal ends it: connections closed, processes gone, stream destroyed. */
export type OpenSource = (signal: AbortSignal) => Promise<Source>;

/** The same source; its facts carry these warnings, too. */
export function withWarnings(open: OpenSource, warnings: readonly string[]): OpenSource {
	if (warnings.length === 0) return open;
	return async (signal) => {
		const source = await open(signal);
		const finished = source.finished.then((facts) => ({
			...facts,
			warnings: [...warnings, ...facts.warnings],
		}));
		// Whoever opened the source waits for it in time.
		finished.catch(() => {});
		return { ...source, finished };
	};
}
