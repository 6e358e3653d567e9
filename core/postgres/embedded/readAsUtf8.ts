import { BackupError } from '../../errors';
import { decoderLabel } from '../sql/encoding';

/** Rewrites what a dump's bytes say, a piece at a time. */
export type Rewriting = (raw: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/**
 * How a dump is read so that the embedded PostgreSQL takes it. That one has none of the conversions between encodings,
 * and answers nothing sensible any more once it needs one; so texts in other encodings are made UTF-8 on the way.
 *
 * @param encoding PostgreSQL's name of the dump's
 * @returns undefined where its bytes are taken as they are: they are UTF-8, or in SQL_ASCII, where they are no text
 * @throws BackupError `unsupported` for a dump in an encoding that Node does not know either
 */
export function readAsUtf8(encoding: string | undefined): Rewriting | undefined {
	if (encoding === undefined || encoding === 'UTF8' || encoding === 'SQL_ASCII') return undefined;
	if (encoding === 'LATIN1') return fromLatin1;
	const label = decoderLabel(encoding);
	if (label === undefined) throw unknownEncoding(encoding);
	return (raw) => decoded(raw, encoding, label);
}

async function* fromLatin1(raw: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
	for await (const chunk of raw) yield Buffer.from(chunk.toString('latin1'), 'utf8');
}

/** A character may begin in one chunk and end in the next. */
async function* decoded(raw: AsyncIterable<Buffer>, encoding: string, label: string): AsyncIterable<Buffer> {
	const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
	const decode = (chunk: Buffer | undefined) => {
		try {
			return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }), 'utf8');
		} catch (error) {
			throw notThatEncoding(encoding, error);
		}
	};
	for await (const chunk of raw) yield decode(chunk);
	yield decode(undefined);
}

function unknownEncoding(encoding: string): BackupError {
	const what = `The dump is in ${encoding}, and a drill inside n8n cannot make UTF-8 of that`;
	return new BackupError('unsupported', what, { advice: `To prove it, drill it on a server` });
}

/** PostgreSQL keeps bytes in some encodings that stand for no character. */
function notThatEncoding(encoding: string, cause: unknown): BackupError {
	const what = `The dump is in ${encoding}, and has bytes that are no character of it for a drill inside n8n`;
	return new BackupError('unsupported', what, { advice: `To prove it, drill it on a server`, cause });
}
