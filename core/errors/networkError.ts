import { BackupError, type BackupErrorCode, errorCode, errorMessage } from './backupError';

interface NetworkAdvice {
	code: BackupErrorCode;
	what: (server: string) => string;
	advice: string;
}

const lost: NetworkAdvice = {
	code: 'unreachable',
	what: (server) => `The connection to ${server} was lost`,
	advice: 'Look into that server’s log for the reason, then run it again',
};

const byCode: Record<string, NetworkAdvice> = {
	ECONNREFUSED: {
		code: 'unreachable',
		what: (server) => `Nothing answers at ${server}`,
		advice: 'Start the server, or correct host and port in the credential',
	},
	ENOTFOUND: {
		code: 'unreachable',
		what: (server) => `The host of ${server} is not known`,
		advice:
			'Correct the host in the credential; under Docker Compose it is the service’s name, on a network that n8n shares',
	},
	EAI_AGAIN: {
		code: 'unreachable',
		what: (server) => `The host of ${server} could not be looked up`,
		advice:
			'Correct the host in the credential; under Docker Compose it is the service’s name, on a network that n8n shares',
	},
	ETIMEDOUT: {
		code: 'unreachable',
		what: (server) => `${server} did not answer in time`,
		advice: 'Check the address and the firewalls between n8n and that server',
	},
	EHOSTUNREACH: {
		code: 'unreachable',
		what: (server) => `There is no route to ${server}`,
		advice: 'Check the address and the network that n8n is in',
	},
	ECONNRESET: lost,
	EPIPE: lost,
};

/**
 * An error of a socket as a {@link BackupError} that names the server (`PostgreSQL at db:5432`) and says what
 * to do. A BackupError is returned as it is; errors without a known code keep their own words.
 */
export function networkError(error: unknown, server: string): BackupError {
	if (error instanceof BackupError) return error;
	const code = errorCode(error) ?? '';
	const known = byCode[code];
	if (known) return new BackupError(known.code, known.what(server), { advice: known.advice, cause: error });
	if (isCertificateError(code)) {
		return new BackupError(
			'auth',
			`The TLS certificate of ${server} was not accepted: ${errorMessage(error)}`,
			{
				advice: 'Give the credential the right CA, or the host name that the certificate is for',
				cause: error,
			},
		);
	}
	return new BackupError('unreachable', `${server} could not be used: ${errorMessage(error)}`, {
		advice: 'Check the credential and the server, then run it again',
		cause: error,
	});
}

function isCertificateError(code: string): boolean {
	return /CERT|^ERR_TLS|^ERR_SSL|^UNABLE_TO|SELF_SIGNED/.test(code);
}
