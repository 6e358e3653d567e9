import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { BackupError, hostName } from '../../core/errors';
import type { PostgresConnection, SshTunnel, TlsSettings } from '../../core/postgres/connect/connection';
import { credentialText } from './credentialText';

/**
 * n8n's own `postgres` credential as core understands it. `Maximum Number of Connections` has no meaning here: a
 * dump needs one.
 *
 * @throws BackupError `unsupported` for a setting that could not be honoured
 */
export function postgresConnection(credential: ICredentialDataDecryptedObject): PostgresConnection {
	const text = (name: string) => credentialText(credential, name);
	return {
		host: hostName(text('host'), 'The credential’s Host'),
		port: Number(credential.port ?? 5432),
		user: text('user'),
		password: text('password'),
		database: text('database'),
		tls: tlsSettings(credential),
		sshTunnel: credential.sshTunnel === true ? sshTunnel(text, Number(credential.sshPort ?? 22)) : undefined,
	};
}

function tlsSettings(credential: ICredentialDataDecryptedObject): TlsSettings {
	if (credential.allowUnauthorizedCerts === true) return { mode: 'require', verifyCertificate: false };
	const ssl = credentialText(credential, 'ssl') || 'disable';
	switch (ssl) {
		case 'disable':
			return { mode: 'disable', verifyCertificate: true };
		// As n8n's own Postgres node does: encrypting only where the server offers it, anybody in between could take
		// the offer out.
		case 'allow':
		case 'require':
			return { mode: 'require', verifyCertificate: true };
		default:
			throw new BackupError('unsupported', `The credential’s SSL mode "${ssl}" is not known to this node`, {
				advice: 'Choose disable, allow or require',
			});
	}
}

function sshTunnel(text: (name: string) => string, port: number): SshTunnel {
	const base = { host: hostName(text('sshHost'), 'The credential’s SSH Host'), port, user: text('sshUser') };
	const method = text('sshAuthenticateWith') || 'password';
	switch (method) {
		case 'password':
			return { ...base, password: text('sshPassword') };
		case 'privateKey':
			return {
				...base,
				privateKey: normalizeKey(text('privateKey')),
				passphrase: text('passphrase') || undefined,
			};
		default:
			throw new BackupError(
				'unsupported',
				`The credential’s SSH authentication "${method}" is not known to this node`,
				{
					advice: 'Choose password or private key',
				},
			);
	}
}

/** Password fields of the editor keep a pasted key on one line; a key needs its line breaks back. */
function normalizeKey(key: string): string {
	const match = /^(-----BEGIN [^-]+-----)([\s\S]*?)(-----END [^-]+-----)/.exec(
		key.trim().replace(/\\n/g, '\n'),
	);
	if (!match) return key;
	const [, begin = '', body = '', end = ''] = match;
	// A traditional encrypted key has header lines (Proc-Type, DEK-Info), which only real line breaks can carry.
	if (body.includes(':')) return `${begin}${body}${end}\n`;
	return `${begin}\n${body.trim().split(/\s+/).join('\n')}\n${end}\n`;
}
