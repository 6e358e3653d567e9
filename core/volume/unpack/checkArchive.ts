import type { CompressionMethod } from '../../compression/compression';
import { readArtifact } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';
import { rivalStorageFolder, storageFolders } from '../../n8n/storageFolder';
import { companionSuffixes, isDatabase } from '../sqlite/fileFormat';
import { noBytes } from '../../tar/member';
import { type TarEvent, TarScanner } from '../../tar/tarScanner';
import { ArchiveBounds } from './archiveBounds';
import { MemberGuard, type SafeMember } from './memberGuard';
import { assertExpected, type ExpectedArchive } from '../expectedArchive';
import type { UnpackReport } from './unpackArchive';

export interface CheckRequest {
	artifactPath: string;
	compression: CompressionMethod;
	/** For an archive that is encrypted. */
	keys?: DecryptionKeys;
	/** Whether symbolic links may point out of the archived directory. */
	allowOutsideLinks: boolean;
	/** The longest path that can be made where it goes, in bytes. */
	longestPath?: number;
	/** The most that it may unpack to, in bytes, its headers included. Undefined: no such limit. */
	mostBytes?: number;
	expected?: ExpectedArchive;
	/** Called with the raw bytes read so far. */
	onBytes?: (rawBytes: number) => void;
}

/** An archive that may be extracted. */
export interface CheckedArchive extends UnpackReport {
	/** Of the stored bytes. */
	sha256: string;
	/** How many entries are directories. */
	directories: number;
	/**
	 * Paths that must not exist where it is extracted: what SQLite would keep beside one of its databases, unless
	 * the archive holds that as well. Bytes as latin1 characters.
	 */
	foreignCompanions: string[];
	/** What must not exist either: n8n's storage under its other name. */
	rivalStorage?: string;
}

/**
 * Reads an archive to its end without extracting anything: that it is whole and what its manifest says, and that
 * each of its members may be extracted.
 *
 * @throws BackupError `unsupported`, `damaged` or `incomplete` as `unpackArchive` does, `cancelled`
 */
export async function checkArchive(
	{ artifactPath: path, compression, keys, mostBytes, expected, onBytes, ...guarded }: CheckRequest,
	signal: AbortSignal,
): Promise<CheckedArchive> {
	const scanner = new TarScanner();
	const guard = new MemberGuard(guarded);
	const databases = new DatabaseFinder();
	const bounds = new ArchiveBounds({ path, census: expected?.census, mostBytes });
	const report = { entries: 0, bytes: 0, directories: 0 };
	const storages = new Set<string>();
	const consume = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		for await (const chunk of raw) {
			for (const event of scanner.scan(chunk)) {
				if (event.kind === 'member') {
					bounds.take(event.member);
					const safe = guard.check(event.member);
					databases.begin(safe);
					const [top = ''] = safe.path.split('/', 1);
					if (storageFolders.includes(top)) storages.add(top);
					report.entries++;
					report.bytes += safe.member.size;
					if (safe.member.type === 'directory') report.directories++;
				} else databases.take(event);
			}
		}
		scanner.end();
		guard.finish();
	};
	const measures = await readArtifact({ path, compression, keys, onBytes }, consume, signal);
	assertExpected(path, measures, report, expected);
	return {
		...report,
		sha256: measures.sha256,
		foreignCompanions: databases.foreignCompanions(),
		rivalStorage: rivalStorageFolder(storages),
	};
}

/** Long enough to know a database by. */
const signatureBytes = 16;

/** Finds the SQLite databases among the members, and what belongs to them. */
class DatabaseFinder {
	readonly #databases: string[] = [];
	readonly #companions = new Set<string>();
	#path = '';
	#firstBytes: Buffer = noBytes;

	begin({ path }: SafeMember): void {
		this.#path = path;
		this.#firstBytes = noBytes;
		if (companionSuffixes.some((suffix) => path.endsWith(suffix))) this.#companions.add(path);
	}

	take(event: Exclude<TarEvent, { kind: 'member' }>): void {
		if (event.kind === 'content') {
			if (this.#firstBytes.length >= signatureBytes) return;
			this.#firstBytes = Buffer.concat([this.#firstBytes, event.bytes.subarray(0, signatureBytes)]);
		} else if (isDatabase(this.#firstBytes)) this.#databases.push(this.#path);
	}

	foreignCompanions(): string[] {
		return this.#databases
			.flatMap((path) => companionSuffixes.map((suffix) => `${path}${suffix}`))
			.filter((path) => !this.#companions.has(path));
	}
}
