import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from '../../errors';

/** What a file holds that is no dump in plain SQL, for people, and what to do with it. */
interface OtherFormat {
	what: string;
	advice: string;
	isIt(head: Buffer): boolean;
}

const startsWith = (magic: string) => (head: Buffer) =>
	head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));

const compressed = (program: string, extension: string, magic: string): OtherFormat => ({
	what: `is compressed with ${program}, though its name does not say so`,
	advice: `Give it a name that ends in .${extension}`,
	isIt: startsWith(magic),
});

const notTaken = (program: string, magic: string): OtherFormat => ({
	what: `is compressed with ${program}`,
	advice: 'Decompress it first',
	isIt: startsWith(magic),
});

/** A tar's header says so behind the name, mode, owner and size of the first member (POSIX.1-1988). */
const isTar = (head: Buffer) => head.toString('latin1', 257, 262) === 'ustar';

/** The first that fits. */
const formats: OtherFormat[] = [
	{
		what: 'is a dump in pg_dump’s custom format, not in plain SQL',
		advice: 'Restore it with pg_restore',
		isIt: startsWith('PGDMP'),
	},
	{
		what: 'is a dump in pg_dump’s tar format, not in plain SQL',
		advice: 'Restore it with pg_restore',
		isIt: (head) => isTar(head) && startsWith('toc.dat\0')(head),
	},
	{ what: 'is a tar archive, not SQL', advice: 'Extract it first', isIt: isTar },
	compressed('gzip', 'sql.gz', '\x1f\x8b'),
	compressed('zstd', 'sql.zst', '\x28\xb5\x2f\xfd'),
	notTaken('xz', '\xfd7zXZ\0'),
	notTaken('bzip2', 'BZh'),
	notTaken('zip', 'PK\x03\x04'),
	{
		what: 'is text in UTF-16, as some programs on Windows save it (PowerShell’s > among them)',
		advice: 'Convert it: iconv -f UTF-16 -t UTF-8',
		isIt: (head) =>
			startsWith('\xff\xfe')(head) || startsWith('\xfe\xff')(head) || hasEveryOtherByteZero(head),
	},
	{
		what: 'begins with a byte-order mark: an editor has saved it anew',
		advice: 'Take the mark out (sed -i "1s/^\\xEF\\xBB\\xBF//"), or use another backup',
		isIt: startsWith('\xef\xbb\xbf'),
	},
];

/** Without a mark: ASCII in two bytes a character. */
function hasEveryOtherByteZero(head: Buffer): boolean {
	const pairs = Math.min(16, Math.floor(head.length / 2));
	if (pairs < 2) return false;
	return [0, 1].some((zeroAt) =>
		Array.from({ length: pairs }, (_, pair) => pair * 2).every(
			(at) => head[at + zeroAt] === 0 && head[at + 1 - zeroAt] !== 0,
		),
	);
}

/** Bytes within which every format has said what it is. */
const headBytes = 512;

/** Looks at the first bytes of what should be a dump in plain SQL. */
export class FormatCheck {
	#head: Buffer | undefined = Buffer.alloc(0);

	/**
	 * Takes the next bytes; to be called until all have come.
	 *
	 * @throws BackupError `damaged` for a file in another format
	 */
	note(chunk: Buffer): void {
		if (!this.#head) return;
		const head = Buffer.concat([this.#head, chunk.subarray(0, headBytes)]);
		this.#head = head.length < headBytes ? head : undefined;
		const found = formats.find(({ isIt }) => isIt(head));
		if (found) throw new BackupError('damaged', `The file ${found.what}`, { advice: found.advice });
	}
}

/** @throws BackupError `damaged` for a directory that pg_dump made */
export async function assertNoDirectoryFormat(path: string): Promise<void> {
	const hasContents = await stat(join(path, 'toc.dat')).then(
		() => true,
		() => false,
	);
	if (!hasContents) return;
	throw new BackupError('damaged', `${path} is a dump in pg_dump’s directory format, not in plain SQL`, {
		advice: 'Restore it with pg_restore',
	});
}
