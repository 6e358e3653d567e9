import { type CompletedPart, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Content, ContentReader } from '../content';
import { LentMemory } from '../lentMemory';
import { PartStream, pieceBytes } from './partStream';
import { isUnanswered, ofCall, statusOf } from './s3Error';

/** Parts on their way at a time. */
const partsAtOnce = 6;

/** Of a part whose server is busy or whose connection was lost. */
const attempts = 3;

interface Upload {
	client: S3Client;
	id: { Bucket: string; Key: string; UploadId: string | undefined };
}

interface Plan {
	content: Content;
	/** Of each part but the last. */
	partBytes: number;
	/** The ETags of the parts that are there, by number. One that is the MD5 of what is to be sent spares the sending. */
	there: ReadonlyMap<number, string>;
}

interface Part {
	number: number;
	position: number;
	bytes: number;
}

/**
 * Sends what is missing of an upload's parts, several at a time. When one fails, no other is begun and those under way
 * are ended.
 *
 * @throws what the SDK or the content fails with
 */
export async function sendParts(
	upload: Upload,
	{ content, partBytes, there }: Plan,
	signal: AbortSignal,
): Promise<CompletedPart[]> {
	const failing = new AbortController();
	const abortSignal = AbortSignal.any([signal, failing.signal]);
	const sent: CompletedPart[] = [];
	const underWay = new Set<Promise<void>>();
	await using reader = content.open();
	const memory = new LentMemory(partsAtOnce * pieceBytes);
	const buffer = Buffer.allocUnsafeSlow(pieceBytes);
	const send = async (part: Part, sha256: string) => {
		try {
			sent[part.number - 1] = await sendPart(upload, { ...part, sha256, reader, memory }, abortSignal);
		} catch (error) {
			failing.abort(error);
		}
	};
	try {
		for (let position = 0, number = 1; position < content.bytes; position += partBytes, number++) {
			const part = { number, position, bytes: Math.min(partBytes, content.bytes - position) };
			const ETag = there.get(number);
			const { sha256, md5 } = await hashPart({ reader, buffer }, part.bytes, ETag !== undefined);
			abortSignal.throwIfAborted();
			if (ETag !== undefined && ETag.replaceAll('"', '') === md5) {
				sent[number - 1] = { ETag, PartNumber: number };
				continue;
			}
			const sending: Promise<void> = send(part, sha256).finally(() => underWay.delete(sending));
			underWay.add(sending);
			if (underWay.size === partsAtOnce) await Promise.race(underWay);
		}
	} catch (error) {
		failing.abort(error);
	}
	await Promise.all(underWay);
	failing.signal.throwIfAborted();
	return sent;
}

/** The next part's hashes. Its bytes are read again when they are sent: no part has to be held in memory. */
async function hashPart(
	{ reader, buffer }: { reader: ContentReader; buffer: Buffer },
	bytes: number,
	withMd5: boolean,
): Promise<{ sha256: string; md5?: string }> {
	const [sha256, md5] = [createHash('sha256'), withMd5 ? createHash('md5') : undefined];
	for (let left = bytes; left > 0; left -= buffer.length) {
		const piece = buffer.subarray(0, left);
		await reader.read(piece);
		sha256.update(piece);
		md5?.update(piece);
	}
	return { sha256: sha256.digest('hex'), md5: md5?.digest('hex') };
}

interface HashedPart extends Part {
	sha256: string;
	reader: ContentReader;
	memory: LentMemory;
}

/** The SDK does not try again to send a stream. */
async function sendPart(upload: Upload, part: HashedPart, signal: AbortSignal): Promise<CompletedPart> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await sendPartOnce(upload, part, signal);
		} catch (error) {
			if (attempt === attempts || signal.aborted || !mayPass(error)) throw error;
			await wait(Math.random() * 200 * 2 ** attempt, undefined, { signal });
		}
	}
}

async function sendPartOnce(
	{ client, id }: Upload,
	{ number: PartNumber, position, bytes, sha256, reader, memory }: HashedPart,
	signal: AbortSignal,
): Promise<CompletedPart> {
	const unreadable = new AbortController();
	const buffer = await memory.take(pieceBytes);
	using body = new PartStream(reader, { position, bytes, buffer });
	body.once('error', (error) => unreadable.abort(error));
	const command = new UploadPartCommand({ ...id, PartNumber, Body: body, ContentLength: bytes });
	const sign = (request: { headers: Record<string, string> }) => {
		request.headers['x-amz-content-sha256'] = sha256;
	};
	command.middlewareStack.add(
		(next) => async (args) => {
			sign(args.request as { headers: Record<string, string> });
			return await next(args);
		},
		{ step: 'build', name: 'signWithKnownHash' },
	);
	try {
		const abortSignal = AbortSignal.any([signal, unreadable.signal]);
		const { ETag } = await client.send(command, { abortSignal });
		memory.giveBack(buffer);
		return { ETag, PartNumber };
	} catch (error) {
		memory.letGo(buffer);
		throw unreadable.signal.aborted ? unreadable.signal.reason : ofCall(error);
	}
}

/** A lost connection, or a server that is busy or stumbles. */
function mayPass(error: unknown): boolean {
	const status = statusOf(error) ?? 0;
	return status >= 500 || status === 429 || isUnanswered(error);
}
