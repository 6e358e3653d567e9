import {
	AbortMultipartUploadCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	type MultipartUpload,
	type PutObjectCommandInput,
	type S3Client,
} from '@aws-sdk/client-s3';

/** An upload belongs to a run that is gone, and nobody goes on with it, when nothing of it has come for two days. */
const abandonedAfterMs = 48 * 60 * 60_000;

export interface Unfinished {
	UploadId: string;
	/** The ETags of the parts that are there, by number. */
	parts: Map<number, string>;
}

/**
 * The newest upload of an object that was begun and not completed, by whatever run. Undefined where there is none, or
 * the server cannot say, or this key may not ask.
 */
export async function findUnfinished(
	client: S3Client,
	{ Bucket, Key, StorageClass }: Pick<PutObjectCommandInput, 'Bucket' | 'Key' | 'StorageClass'>,
	signal: AbortSignal,
): Promise<Unfinished | undefined> {
	try {
		const command = new ListMultipartUploadsCommand({ Bucket, Prefix: Key });
		const { Uploads = [] } = await client.send(command, { abortSignal: signal });
		const [newest] = Uploads.filter(
			(upload) => upload.Key === Key && (StorageClass === undefined || upload.StorageClass === StorageClass),
		).sort((a, b) => timeOf(b.Initiated) - timeOf(a.Initiated));
		if (newest?.UploadId === undefined) return undefined;
		const { parts } = await partsOf(client, { Bucket, Key, UploadId: newest.UploadId }, signal);
		return { UploadId: newest.UploadId, parts };
	} catch (error) {
		if (signal.aborted) throw error;
		return undefined;
	}
}

/**
 * Gives up what runs that are gone have left in a directory of a bucket, of objects that `isOurs` knows.
 *
 * @param directory with a slash at its end
 */
export async function sweepUnfinished(
	client: S3Client,
	{ Bucket, directory, isOurs }: { Bucket: string; directory: string; isOurs: (name: string) => boolean },
	signal: AbortSignal,
): Promise<void> {
	const command = new ListMultipartUploadsCommand({ Bucket, Prefix: directory });
	// The next run sees what is left behind the first thousand.
	const { Uploads = [] } = await client.send(command, { abortSignal: signal });
	for (const upload of Uploads) {
		const { Key = '', UploadId, Initiated } = upload;
		if (!isOld(Initiated) || !isOurs(Key.slice(directory.length))) continue;
		const { newest } = await partsOf(client, { Bucket, Key, UploadId }, signal);
		if (newest !== undefined && !isOld(newest)) continue;
		await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal: signal });
	}
}

type UploadId = Pick<MultipartUpload, 'Key' | 'UploadId'> & { Bucket: string | undefined };

async function partsOf(
	client: S3Client,
	{ Bucket, Key, UploadId }: UploadId,
	signal: AbortSignal,
): Promise<{ parts: Map<number, string>; newest: Date | undefined }> {
	const parts = new Map<number, string>();
	let newest: Date | undefined;
	// The SDK's paginator goes by the marker, which servers give on the last page, too.
	for (let PartNumberMarker: string | undefined, isMore = true; isMore;) {
		const command = new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker });
		const page = await client.send(command, { abortSignal: signal });
		for (const { PartNumber, ETag, LastModified } of page.Parts ?? []) {
			if (PartNumber !== undefined && ETag !== undefined) parts.set(PartNumber, ETag);
			if (timeOf(LastModified) > timeOf(newest)) newest = LastModified;
		}
		isMore = page.IsTruncated === true && page.NextPartNumberMarker !== PartNumberMarker;
		PartNumberMarker = page.NextPartNumberMarker;
	}
	return { parts, newest };
}

function isOld(date: Date | undefined): boolean {
	return date !== undefined && Date.now() - date.getTime() > abandonedAfterMs;
}

function timeOf(date: Date | undefined): number {
	return date?.getTime() ?? 0;
}
