import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IExecuteFunctions,
	INodeCredentialDescription,
	INodeCredentialTestResult,
	INodeProperties,
} from 'n8n-workflow';
import {
	type DecryptionKeys,
	type EncryptionKeys,
	isLockedKeyFile,
	keysIn,
	openHeader,
	sealHeader,
} from '../../core/encryption';
import { BackupError, errorMessage } from '../../core/errors';
import { credentialText } from './credentialText';

const credentialName = 'backupEncryptionAgeApi';

/** Of operations that make backups. One parameter for all: a node asks for each credential in one place only. */
export const encrypt: INodeProperties = {
	displayName: 'Encrypt',
	name: 'useEncryption',
	type: 'boolean',
	noDataExpression: true,
	default: false,
	description:
		'Whether to encrypt the backup with age, for the recipients or with the passphrase of a credential. It is then only as good as the key that you keep.',
};

/** Of operations that read backups. */
export const decrypt: INodeProperties = {
	...encrypt,
	displayName: 'Decrypt',
	description:
		'Whether to read encrypted backups with the identity or passphrase of a credential. Backups that are not encrypted are read all the same.',
};

/** How a node asks for the credential where it was chosen. */
export const encryptionCredential: INodeCredentialDescription = {
	name: credentialName,
	required: true,
	testedBy: 'backupEncryptionTest',
	displayOptions: { show: { useEncryption: [true] } },
};

/** Who can read what is made; undefined where it is not to be encrypted. */
export async function encryptionKeys(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<EncryptionKeys | undefined> {
	const credential = await chosenCredential(context, itemIndex);
	return credential && readersIn(credential);
}

/**
 * What encrypted backups are read with; undefined where the credential was not chosen.
 *
 * @throws BackupError `bad-parameter` when the credential can only write
 */
export async function decryptionKeys(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<DecryptionKeys | undefined> {
	const credential = await chosenCredential(context, itemIndex);
	const keys = credential && keysOf(credential);
	if (!keys || keys.passphrase !== undefined || keys.identities.length > 0) return keys;
	throw new BackupError('bad-parameter', 'The credential Backup Encryption (age) can only write', {
		advice: 'Enter the identity of one of its recipients, or switch Decrypt off',
	});
}

/** Both sides of the credential, where it was chosen. */
export async function chosenEncryption(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<{ readers: EncryptionKeys; keys: DecryptionKeys } | undefined> {
	const credential = await chosenCredential(context, itemIndex);
	return credential && { readers: readersIn(credential), keys: keysOf(credential) };
}

async function chosenCredential(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<ICredentialDataDecryptedObject | undefined> {
	// Workflows of before there was a choice have no such parameter.
	if (context.getNodeParameter('useEncryption', itemIndex, false) !== true) return undefined;
	return await context.getCredentials<ICredentialDataDecryptedObject>(credentialName, itemIndex);
}

function readersIn(credential: ICredentialDataDecryptedObject): EncryptionKeys {
	const passphrase = passphraseIn(credential);
	if (passphrase !== undefined) return { recipients: [], passphrase };
	return { recipients: keysIn(credentialText(credential, 'recipients')) };
}

function keysOf(credential: ICredentialDataDecryptedObject): DecryptionKeys {
	const passphrase = passphraseIn(credential);
	if (passphrase !== undefined) return { identities: [], passphrase };
	const identity = credentialText(credential, 'identity');
	if (isLockedKeyFile(Buffer.from(identity))) throw lockedIdentity();
	return { identities: keysIn(identity) };
}

function lockedIdentity(): BackupError {
	return new BackupError(
		'bad-parameter',
		'The identity of the credential Backup Encryption (age) is locked with a passphrase, which nobody can be asked for here',
		{ advice: 'Enter what is inside (age --decrypt KEYFILE), which begins with AGE-SECRET-KEY-1' },
	);
}

/** @throws BackupError `bad-parameter` for an empty one, which everybody knows */
function passphraseIn(credential: ICredentialDataDecryptedObject): string | undefined {
	if (credential.readBy !== 'passphrase') return undefined;
	const passphrase = credentialText(credential, 'passphrase');
	if (passphrase !== '') return passphrase;
	throw new BackupError(
		'bad-parameter',
		'The passphrase of the credential Backup Encryption (age) is empty',
		{
			advice: 'Enter it there',
		},
	);
}

/** The editor's test: what is encrypted for its recipients can be decrypted with its identity, where it has one. */
export async function backupEncryptionTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const readers = readersIn(data);
		const keys = keysOf(data);
		const { header } = await sealHeader(readers);
		if (keys.passphrase === undefined && keys.identities.length === 0) {
			return { status: 'OK', message: `Encrypts for ${readers.recipients.length}; it cannot decrypt` };
		}
		await openHeader(header, keys);
		return { status: 'OK', message: 'Encrypts, and decrypts what it encrypted' };
	} catch (error) {
		const isOther = error instanceof BackupError && error.code === 'auth';
		const message = isOther ? 'The identity is none of these recipients’' : errorMessage(error);
		return { status: 'Error', message };
	}
}
