import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	type CompletedPart,
	CreateMultipartUploadCommand,
	HeadObjectCommand,
	PutObjectCommand,
	type PutObjectCommandInput,
	type S3Client,
	UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Content } from '../content';

/** The least that S3 takes for a part other than the last. */
const leastPartBytes = 5 * 1024 * 1024;

const mostParts = 10_000;

/** Parts on their way at a time. */
const partsAtOnce = 3;

const abortWithinMs = 10_000;

export interface UploadTarget {
	client: S3Client;
	/** Bucket, key, and what else the object is to have. */
	object: Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'StorageClass'> & {
		Bucket: string;
		Key: string;
	};
}

/** Bytes of each part but the last: S3 takes 10,000 parts at most. */
export function partBytesFor(bytes: number): number {
	const megabyte = 1024 * 1024;
	return Math.max(leastPartBytes, Math.ceil(bytes / mostParts / megabyte) * megabyte);
}

/**
 * Uploads an object, in parts where it is larger than one. Each part is a buffer, so that the SDK signs it with its
 * SHA-256 and the server refuses what arrives otherwise. The object is there when the last call, the completion, is
 * done; when anything fails before, the parts are given up and nothing is there.
 *
 * Not lib-storage's Upload: when one of its parts fails, the others go on to the end of the file, and an abort
 * does not reach the requests under way.
 */
export async function upload(target: UploadTarget, content: Content, signal: AbortSignal): Promise<void> {
	const buffers = new PartBuffers(partBytesFor(content.bytes));
	const parts = gatherParts(content, buffers);
	if (content.bytes > buffers.partBytes)
		return await uploadParts(target, content, { parts, buffers }, signal);
	const { value: body } = await parts.next();
	const input = { ...target.object, Body: body ?? Buffer.alloc(0), ContentLength: content.bytes };
	await target.client.send(new PutObjectCommand(input), { abortSignal: signal });
}

interface Parts {
	parts: AsyncIterable<Buffer>;
	/** Where they go when they have arrived. */
	buffers: PartBuffers;
}

async function uploadParts(
	target: UploadTarget,
	content: Content,
	parts: Parts,
	signal: AbortSignal,
): Promise<void> {
	const { client, object } = target;
	const { Bucket, Key } = object;
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(object), { abortSignal: signal });
	const id = { Bucket, Key, UploadId };
	const failure = new AbortController();
	const abortSignal = AbortSignal.any([signal, failure.signal]);
	try {
		const Parts = await sendParts({ client, id }, parts, abortSignal);
		await client.send(new CompleteMultipartUploadCommand({ ...id, MultipartUpload: { Parts } }), {
			abortSignal,
		});
	} catch (error) {
		failure.abort(error);
		await giveUp(target, id);
		// The completion may have been done, and only its answer lost.
		if (!signal.aborted && (await isThere(target, content.bytes))) return;
		throw error;
	}
}

interface UploadId {
	client: S3Client;
	id: { Bucket: string; Key: string; UploadId: string | undefined };
}

async function sendParts(
	{ client, id }: UploadId,
	{ parts, buffers }: Parts,
	abortSignal: AbortSignal,
): Promise<CompletedPart[]> {
	const sent: CompletedPart[] = [];
	const underWay = new Set<Promise<void>>();
	const send = async (Body: Buffer, PartNumber: number) => {
		const input = { ...id, Body, PartNumber, ContentLength: Body.length };
		const { ETag } = await client.send(new UploadPartCommand(input), { abortSignal });
		sent.push({ ETag, PartNumber });
		buffers.giveBack(Body);
	};
	let partNumber = 0;
	for await (const part of parts) {
		const sending: Promise<void> = send(part, ++partNumber).finally(() => underWay.delete(sending));
		underWay.add(sending);
		// One that fails while nobody waits stays, so that the next race throws it.
		sending.catch(() => underWay.add(sending));
		if (underWay.size >= partsAtOnce) await Promise.race(underWay);
	}
	await Promise.all(underWay);
	return sent.sort((a, b) => a.PartNumber! - b.PartNumber!);
}

/** The server keeps parts, and asks for money, until somebody gives them up; the next run's sweep does otherwise. */
async function giveUp({ client }: UploadTarget, id: UploadId['id']): Promise<void> {
	const abortSignal = AbortSignal.timeout(abortWithinMs);
	await client.send(new AbortMultipartUploadCommand(id), { abortSignal }).catch(() => {});
}

async function isThere({ client, object }: UploadTarget, bytes: number): Promise<boolean> {
	const { Bucket, Key } = object;
	const abortSignal = AbortSignal.timeout(abortWithinMs);
	return await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal }).then(
		({ ContentLength }) => ContentLength === bytes,
		() => false,
	);
}

/** Buffers of a part each, used again: one that waits for the garbage collector takes its memory, too. */
class PartBuffers {
	readonly partBytes: number;
	readonly #free: Buffer[] = [];

	constructor(partBytes: number) {
		this.partBytes = partBytes;
	}

	take(bytes: number): Buffer {
		return this.#free.pop()?.subarray(0, bytes) ?? Buffer.allocUnsafeSlow(bytes);
	}

	/** A part that nobody reads any more. */
	giveBack(part: Buffer): void {
		this.#free.push(Buffer.from(part.buffer));
	}
}

/** Puts pieces together to parts of equal size, the last one excepted. */
async function* gatherParts(content: Content, buffers: PartBuffers): AsyncGenerator<Buffer, undefined> {
	let left = content.bytes;
	const next = () => buffers.take(Math.min(buffers.partBytes, left));
	let part = next();
	let filled = 0;
	for await (const piece of content.pieces()) {
		for (let taken = 0; taken < piece.length;) {
			if (filled === part.length) {
				yield part;
				left -= filled;
				part = next();
				filled = 0;
			}
			const copied = piece.copy(part, filled, taken);
			if (copied === 0) throw new Error('There were more bytes than had been said');
			filled += copied;
			taken += copied;
		}
	}
	yield part.subarray(0, filled);
	return undefined;
}
