import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	paginateListObjectsV2,
	type PutObjectCommandInput,
	S3Client,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { type Component, manifestSuffix, parseArtifactName } from '../../artifact';
import type { Content } from '../content';
import type { Destination, RemoteFile } from '../destination';
import { cutOff, taken } from '../faults';
import { withIdleLimit } from '../idle';
import { s3Error, statusOf } from './s3Error';
import { sweepUnfinished } from './unfinished';
import { upload } from './upload';

export interface S3Options {
	bucket: string;
	/** Without slashes at its ends; empty for none. */
	prefix: string;
	region: string;
	/** Of a server that is not Amazon's: `https://minio:9000`. */
	endpoint?: string;
	/** `https://host/bucket` rather than `https://bucket.host`. */
	forcePathStyle?: boolean;
	accessKeyId: string;
	secretAccessKey: string;
	sessionToken?: string;
	/** Such as `STANDARD_IA`. */
	storageClass?: string;
	/** Such as `AES256`. */
	serverSideEncryption?: string;
	/** Nothing sent and nothing received for so long ends a request; a minute when undefined. */
	idleWithinMs?: number;
}

const connectWithinMs = 10_000;
const usualIdleMs = 60_000;

/**
 * The system takes megabytes of each part at once, and what it then does with them nobody sees here: over a slow line
 * a part that is on its way looks like one that is stuck for so many times longer.
 */
const uploadingTimes = 10;

/** To nobody. */
const say = () => {};

/** A bucket of Amazon S3 or of a server that speaks like it. The first call shows whether it can be reached. */
export class S3Destination implements Destination {
	readonly place: string;
	readonly #options: S3Options;
	readonly #client: S3Client;
	/** The same, with more patience. */
	readonly #uploadClient: S3Client;
	readonly #idleWithinMs: number;

	constructor(options: S3Options) {
		const { bucket, prefix, region, endpoint, forcePathStyle } = options;
		const { accessKeyId, secretAccessKey, sessionToken } = options;
		this.#options = options;
		this.#idleWithinMs = options.idleWithinMs ?? usualIdleMs;
		this.place = ['s3:/', bucket, prefix].filter((part) => part !== '').join('/');
		const clientWith = (socketTimeout: number) =>
			new S3Client({
				...{ region, endpoint, forcePathStyle },
				credentials: { accessKeyId, secretAccessKey, sessionToken },
				// What the SDK would otherwise send with each request is refused by some servers.
				requestChecksumCalculation: 'WHEN_REQUIRED',
				responseChecksumValidation: 'WHEN_REQUIRED',
				// What it has to say goes into errors here, not onto n8n's console.
				logger: { trace: say, debug: say, info: say, warn: say, error: say },
				// Waiting for the server's word before each part took a connection of its own for each.
				expectContinueHeader: false,
				requestHandler: { connectionTimeout: connectWithinMs, socketTimeout },
			});
		this.#client = clientWith(this.#idleWithinMs);
		this.#uploadClient = clientWith(this.#idleWithinMs * uploadingTimes);
	}

	async list(component: Component, signal: AbortSignal): Promise<RemoteFile[]> {
		const directory = `${this.#key(component)}/`;
		const request = { Bucket: this.#options.bucket, Prefix: directory, Delimiter: '/' };
		const files: RemoteFile[] = [];
		await this.#attempt(signal, async () => {
			const config = { client: this.#client };
			for await (const page of paginateListObjectsV2(config, request, { abortSignal: signal })) {
				for (const { Key = '', Size = 0 } of page.Contents ?? []) {
					if (Key !== directory)
						files.push({ name: `${component}/${Key.slice(directory.length)}`, bytes: Size });
				}
			}
		});
		return files;
	}

	async head(name: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
		const command = new HeadObjectCommand(this.#object(name));
		return await this.#attempt(signal, async () => {
			try {
				const { ContentLength = 0 } = await this.#client.send(command, { abortSignal: signal });
				return { name, bytes: ContentLength };
			} catch (error) {
				// An answer to HEAD has no body: a bucket that is not there looks the same, and fails elsewhere.
				if (statusOf(error) === 404) return undefined;
				throw error;
			}
		});
	}

	async put(name: string, content: Content, signal: AbortSignal): Promise<void> {
		if (await this.head(name, signal)) throw taken(`${this.place}/${name}`);
		const { storageClass, serverSideEncryption } = this.#options;
		const object = {
			...this.#object(name),
			StorageClass: storageClass as PutObjectCommandInput['StorageClass'],
			ServerSideEncryption: serverSideEncryption as PutObjectCommandInput['ServerSideEncryption'],
		};
		await this.#attempt(
			signal,
			async () =>
				await upload({ client: this.#uploadClient, object, path: `${this.place}/${name}` }, content, signal),
		);
	}

	async *get(name: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
		try {
			const command = new GetObjectCommand(this.#object(name));
			const { Body, ContentLength } = await this.#client.send(command, { abortSignal: signal });
			let bytes = 0;
			for await (const piece of withIdleLimit(Body as Readable, this.#idleWithinMs, this.place, signal)) {
				bytes += piece.length;
				yield piece;
			}
			if (ContentLength !== undefined && bytes !== ContentLength) throw cutOff(`${this.place}/${name}`);
		} catch (error) {
			throw s3Error(error, this.place, signal);
		}
	}

	async delete(name: string, signal: AbortSignal): Promise<'deleted' | 'locked'> {
		const command = new DeleteObjectCommand(this.#object(name));
		return await this.#attempt(signal, async () => {
			try {
				await this.#client.send(command, { abortSignal: signal });
				return 'deleted';
			} catch (error) {
				if (isLocked(error)) return 'locked';
				throw error;
			}
		});
	}

	async sweep(component: Component, signal: AbortSignal): Promise<void> {
		const directory = `${this.#key(component)}/`;
		try {
			await sweepUnfinished(this.#client, { Bucket: this.#options.bucket, directory, isOurs }, signal);
		} catch (error) {
			// Not every server can say what was begun, and not every key may ask.
			if (signal.aborted) throw s3Error(error, this.place, signal);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#client.destroy();
		this.#uploadClient.destroy();
	}

	#key(name: string): string {
		return this.#options.prefix === '' ? name : `${this.#options.prefix}/${name}`;
	}

	#object(name: string): { Bucket: string; Key: string } {
		return { Bucket: this.#options.bucket, Key: this.#key(name) };
	}

	async #attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
		try {
			return await work();
		} catch (error) {
			throw s3Error(error, this.place, signal);
		}
	}
}

/** An upload of an artifact or of its manifest. */
function isOurs(name: string): boolean {
	const artifact = name.endsWith(manifestSuffix) ? name.slice(0, -manifestSuffix.length) : name;
	return parseArtifactName(artifact) !== undefined;
}

/** Object Lock, or a key that may add and not delete. */
function isLocked(error: unknown): boolean {
	const { name } = error as { name?: string };
	return (
		(statusOf(error) === 403 && name === 'AccessDenied') || name === 'ObjectLocked' || statusOf(error) === 423
	);
}
