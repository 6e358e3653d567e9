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
import type { LentMemory } from '../lentMemory';

/** The least that S3 takes for a part other than the last. */
const leastPartBytes = 5 * 1024 * 1024;

const mostParts = 10_000;

const abortWithinMs = 10_000;

export interface UploadTarget {
	client: S3Client;
	/** Bucket, key, and what else the object is to have. */
	object: Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'StorageClass'> & {
		Bucket: string;
		Key: string;
	};
	/** For the parts of all uploads there together. */
	memory: LentMemory;
}

interface UploadId {
	Bucket: string;
	Key: string;
	UploadId: string | undefined;
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
	if (content.bytes > partBytesFor(content.bytes)) return await uploadParts(target, content, signal);
	const { client, object, memory } = target;
	const Body = await memory.take(content.bytes);
	try {
		await using reader = content.open();
		await reader.read(Body);
		const input = { ...object, Body, ContentLength: content.bytes };
		await client.send(new PutObjectCommand(input), { abortSignal: signal });
	} finally {
		memory.letGo(Body);
	}
}

async function uploadParts(target: UploadTarget, content: Content, signal: AbortSignal): Promise<void> {
	const { client, object } = target;
	const { Bucket, Key } = object;
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(object), { abortSignal: signal });
	const id = { Bucket, Key, UploadId };
	try {
		const Parts = await sendParts(target, id, content, signal);
		const completion = new CompleteMultipartUploadCommand({ ...id, MultipartUpload: { Parts } });
		await client.send(completion, { abortSignal: signal });
	} catch (error) {
		await giveUp(target, id);
		// The completion may have been done, and only its answer lost.
		if (!signal.aborted && (await isThere(target, content.bytes))) return;
		throw error;
	}
}

/** As many at a time as there is memory for. When one fails, no other is begun and those under way are ended. */
async function sendParts(
	{ client, memory }: UploadTarget,
	id: UploadId,
	content: Content,
	signal: AbortSignal,
): Promise<CompletedPart[]> {
	const failing = new AbortController();
	const abortSignal = AbortSignal.any([signal, failing.signal]);
	const sent: CompletedPart[] = [];
	const send = async (Body: Buffer, PartNumber: number) => {
		try {
			const input = { ...id, Body, PartNumber, ContentLength: Body.length };
			const { ETag } = await client.send(new UploadPartCommand(input), { abortSignal });
			sent[PartNumber - 1] = { ETag, PartNumber };
			memory.giveBack(Body);
		} catch (error) {
			memory.letGo(Body);
			failing.abort(error);
		}
	};
	const partBytes = partBytesFor(content.bytes);
	const sending: Array<Promise<void>> = [];
	try {
		await using reader = content.open();
		for (let left = content.bytes; left > 0; left -= partBytes) {
			const part = await memory.take(Math.min(partBytes, left));
			try {
				abortSignal.throwIfAborted();
				await reader.read(part);
			} catch (error) {
				memory.giveBack(part);
				throw error;
			}
			sending.push(send(part, sending.length + 1));
		}
	} catch (error) {
		failing.abort(error);
	}
	await Promise.all(sending);
	failing.signal.throwIfAborted();
	return sent;
}

/** The server keeps parts, and asks for money, until somebody gives them up; the next run's sweep does otherwise. */
async function giveUp({ client }: UploadTarget, id: UploadId): Promise<void> {
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
