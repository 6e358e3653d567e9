import { BackupError, type BackupErrorCode, cancelledError, errorCode, networkError } from '../../errors';

interface Answer {
	code: BackupErrorCode;
	what: string;
	advice: string;
}

const identity: Answer = {
	code: 'auth',
	what: 'did not accept the access key',
	advice: 'Correct access key and secret key in the credential, and see that they have not expired',
};

const region: Answer = {
	code: 'bad-parameter',
	what: 'is not in the region that was named',
	advice: 'Correct the region in the credential',
};

const full: Answer = {
	code: 'no-space',
	what: 'had no space left',
	advice: 'Free space there or raise the quota, then run it again',
};

const spoiled: Answer = {
	code: 'incomplete',
	what: 'received other bytes than were sent',
	advice: 'Check the network between n8n and that server, then run it again',
};

const slow: Answer = {
	code: 'unreachable',
	what: 'did not answer in time',
	advice: 'Check the network between n8n and that server, then run it again',
};

const busy: Answer = {
	code: 'server',
	what: 'cannot take it now: it is busy, being serviced or full',
	advice: 'Run it again later; if that does not help, look into that server’s log',
};

/** The SDK could not read what came as a success. */
const otherAnswer: Answer = {
	code: 'server',
	what: 'sent an answer that is no S3',
	advice:
		'Correct the endpoint, or see what changes answers on their way (a proxy, a login page), then run it again',
};

/** By the `Code` of S3's error documents; those of the servers that speak like it are among them. */
const byName: Record<string, Answer> = {
	InvalidAccessKeyId: identity,
	SignatureDoesNotMatch: identity,
	ExpiredToken: identity,
	InvalidToken: identity,
	TokenRefreshRequired: identity,
	RequestTimeTooSkewed: {
		code: 'auth',
		what: 'has another time than this machine',
		advice: 'Set the clock of this machine right (timedatectl), then run it again',
	},
	NoSuchBucket: {
		code: 'not-found',
		what: 'has no such bucket',
		advice: 'Create the bucket, or correct its name; it is never created here',
	},
	AuthorizationHeaderMalformed: region,
	PermanentRedirect: region,
	IllegalLocationConstraintException: region,
	QuotaExceeded: full,
	InsufficientStorage: full,
	XMinioStorageFull: full,
	TimeoutError: slow,
	RequestTimeout: slow,
	XAmzContentSHA256Mismatch: spoiled,
	BadDigest: spoiled,
	NoSuchUpload: {
		code: 'incomplete',
		what: 'no longer knows what was sent so far',
		advice: 'See whether another run copies there or clears it up, then run it again',
	},
};

interface ServiceError {
	name?: string;
	$metadata?: { httpStatusCode?: number };
}

/** The HTTP status of an answer that was an error; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
	return (error as ServiceError | undefined)?.$metadata?.httpStatusCode;
}

/** Whether a call of the SDK failed without any answer. What did not come from a call is not an answer that is missing. */
export function isUnanswered(error: unknown): boolean {
	return (error as ServiceError | undefined)?.$metadata !== undefined && statusOf(error) === undefined;
}

/** The SDK writes into each error how the call went, but for calls whose body is a stream: into theirs, this does. */
export function ofCall(error: unknown): Error {
	const { $metadata = {} } = error as ServiceError;
	return Object.assign(error as Error, { $metadata });
}

/**
 * What the AWS SDK throws as a {@link BackupError}: by the error's name and status, never by its words.
 *
 * @param place `s3://bucket/prefix`
 */
export function s3Error(error: unknown, place: string, signal: AbortSignal): BackupError {
	if (error instanceof BackupError) return error;
	if (signal.aborted) return cancelledError(error);
	const { name = '' } = error as ServiceError;
	const status = statusOf(error);
	// The SDK calls a connection that was reset a time-out, too.
	const answer = errorCode(error) === undefined ? (byName[name] ?? byStatus(status, name)) : undefined;
	if (!answer) return networkError(socketError(error), place);
	return new BackupError(answer.code, `${place} ${answer.what}`, { advice: answer.advice, cause: error });
}

function byStatus(status: number | undefined, name: string): Answer | undefined {
	if (status === undefined) return undefined;
	if (status === 401) return identity;
	if (status === 507) return full;
	if (status === 408) return slow;
	if (status === 429 || status === 503) return busy;
	if (status === 403) {
		return {
			code: 'not-permitted',
			what: 'does not permit this access key to do that',
			advice: 'Allow it s3:ListBucket, s3:GetObject and s3:PutObject, and for Prune s3:DeleteObject',
		};
	}
	if (status === 404) {
		return { code: 'not-found', what: 'does not hold it', advice: 'See with List what is there' };
	}
	if (status < 300) return otherAnswer;
	return {
		code: 'server',
		what: `answered with an error: ${name} (HTTP ${status})`,
		advice: 'Look into that server’s log, then run it again',
	};
}

/** The SDK wraps some errors of sockets, and Node those of a host with several addresses. */
function socketError(error: unknown): unknown {
	if (errorCode(error) !== undefined) return error;
	const { cause, errors } = error as { cause?: unknown; errors?: unknown[] };
	return errors?.[0] ?? cause ?? error;
}
