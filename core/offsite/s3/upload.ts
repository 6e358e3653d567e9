import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	type CompletedPart,
	CreateMultipartUploadCommand,
	HeadObjectCommand,
	PutObjectCommand,
	type PutObjectCommandInput,
	type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { Content } from '../content';
import { taken } from '../faults';
import { sendParts } from './parts';
import { isUnanswered, statusOf } from './s3Error';
import { findUnfinished } from './unfinished';

/** The least that S3 takes for a part other than the last. */
const leastPartBytes = 5 * 1024 * 1024;

const mostParts = 10_000;

const afterFailureMs = 10_000;

export interface UploadTarget {
	client: S3Client;
	/** Bucket, key, and what else the object is to have. */
	object: Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'StorageClass'> & {
		Bucket: string;
		Key: string;
	};
	/** For messages. */
	path: string;
}

/** Bytes of each part but the last: S3 takes 10,000 parts at most. */
export function partBytesFor(bytes: number): number {
	const megabyte = 1024 * 1024;
	return Math.max(leastPartBytes, Math.ceil(bytes / mostParts / megabyte) * megabyte);
}

/**
 * Uploads an object, in parts where it is larger than one, each signed with its SHA-256: the server refuses what
 * arrives otherwise. The object is there when the last call, the completion, is done. An upload that broke off is gone
 * on with by the next one of the same bytes; one that was begun here and fails otherwise is given up, and nothing is there.
 *
 * Not lib-storage's Upload: when one of its parts fails, the others go on to the end of the file, and an abort
 * does not reach the requests under way.
 *
 * @throws BackupError `exists` when another run was faster; what the content fails with; what the SDK throws
 */
export async function upload(target: UploadTarget, content: Content, signal: AbortSignal): Promise<void> {
	if (content.bytes > partBytesFor(content.bytes)) return await uploadParts(target, content, signal);
	const Body = Buffer.allocUnsafeSlow(content.bytes);
	await using reader = content.open();
	await reader.read(Body);
	const input = { ...target.object, Body, ContentLength: content.bytes };
	await target.client.send(new PutObjectCommand(input), { abortSignal: signal });
}

async function uploadParts(target: UploadTarget, content: Content, signal: AbortSignal): Promise<void> {
	const { client, object } = target;
	const { Bucket, Key } = object;
	const unfinished = await findUnfinished(client, object, signal);
	const UploadId = unfinished?.UploadId ?? (await begin(target, signal));
	const id = { Bucket, Key, UploadId };
	let Parts: CompletedPart[] | undefined;
	try {
		const there = unfinished?.parts ?? new Map<number, string>();
		const plan = { content, partBytes: partBytesFor(content.bytes), there };
		Parts = await sendParts({ client, id }, plan, signal);
		const completion = new CompleteMultipartUploadCommand({ ...id, MultipartUpload: { Parts } });
		await client.send(completion, { abortSignal: signal });
	} catch (error) {
		if (signal.aborted) throw error;
		// The completion may have been done, and only its answer lost. Or another run was faster.
		const found = await etagThere(target);
		if (found === etagOf(Parts)) return;
		// Not before, and not what another run may be completing: OpenStack Swift takes the parts of what is complete. Without
		// an answer, the next run may find the server again, and the parts that have arrived.
		const isOurs = unfinished === undefined;
		if (isOurs && found !== 'unknown' && !isUnanswered(error)) await giveUp(target, id);
		throw found === 'unknown' || found === 'none' ? error : taken(target.path);
	}
}

async function begin({ client, object }: UploadTarget, signal: AbortSignal): Promise<string | undefined> {
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(object), { abortSignal: signal });
	return UploadId;
}

/** The server keeps parts, and asks for money, until somebody gives them up; a later run's sweep does otherwise. */
async function giveUp(
	{ client }: UploadTarget,
	id: { Bucket: string; Key: string; UploadId: string | undefined },
): Promise<void> {
	const abortSignal = AbortSignal.timeout(afterFailureMs);
	await client.send(new AbortMultipartUploadCommand(id), { abortSignal }).catch(() => {});
}

/** Of the object; `none` where there is none, `unknown` where the server does not say. */
async function etagThere({ client, object }: UploadTarget): Promise<string> {
	const { Bucket, Key } = object;
	const abortSignal = AbortSignal.timeout(afterFailureMs);
	return await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal }).then(
		({ ETag = 'unknown' }) => ETag.replaceAll('"', ''),
		(error: unknown) => (statusOf(error) === 404 ? 'none' : 'unknown'),
	);
}

/** What S3 and most that speak it give to an object of these parts: the MD5 of their MD5s, and how many there are. */
function etagOf(parts: CompletedPart[] = []): string {
	const hash = createHash('md5');
	for (const { ETag = '' } of parts) hash.update(Buffer.from(ETag.replaceAll('"', ''), 'hex'));
	return `${hash.digest('hex')}-${parts.length}`;
}
