import { type Command, Option } from 'commander';
import { chosenCompression, type Compression } from '../../core/artifact';
import { type EncryptionKeys, keysIn } from '../../core/encryption';
import { BackupError } from '../../core/errors';
import type { CommandTools } from '../command';
import { readIfNamed } from './files';
import { wholeNumber } from './numbers';
import { repeated } from './postgres';

export interface CompressionOptions {
	compression: 'gzip' | 'zstd';
	compressionLevel?: number;
}

export interface RecipientOptions {
	recipient?: string[];
	recipientsFile?: string;
	passphrase?: boolean;
}

const passphraseVariable = 'N8N_BACKUP_PASSPHRASE';

/** The node's methods and defaults. */
export function addCompressionOptions(command: Command): Command {
	return command
		.addOption(
			new Option('--compression <method>', 'any system reads gzip; zstd is faster and smaller')
				.choices(['gzip', 'zstd'])
				.default('gzip'),
		)
		.addOption(
			new Option('--compression-level <number>', 'gzip: 1 to 9 (5); zstd: 1 to 19 (as small as 3)').argParser(
				wholeNumber(1, 19),
			),
		);
}

/** @throws BackupError `bad-parameter` for a level that the method does not have */
export function compressionFrom({ compression, compressionLevel }: CompressionOptions): Compression {
	return chosenCompression(compression, compressionLevel);
}

/** In the words of age's own command. */
export function addRecipientOptions(command: Command): Command {
	return command
		.option('--recipient <age1…>', 'encrypt for this recipient; may be repeated', repeated)
		.option('--recipients-file <path>', 'encrypt for the recipients in this file')
		.option('--passphrase', `encrypt with the passphrase in ${passphraseVariable}`);
}

/**
 * Who can read what is made; anybody where nobody was named.
 *
 * @throws BackupError `bad-parameter` where a passphrase is asked for beside recipients, or there is none
 */
export async function readersFrom(
	{ recipient = [], recipientsFile, passphrase: isByPassphrase }: RecipientOptions,
	{ terminal: { env } }: Pick<CommandTools, 'terminal'>,
): Promise<EncryptionKeys | undefined> {
	const recipients = [...recipient, ...keysIn((await readIfNamed(recipientsFile)) ?? '')];
	if (!isByPassphrase) {
		if (recipients.length > 0) return { recipients };
		if (recipientsFile === undefined) return undefined;
		throw new BackupError('bad-parameter', `${recipientsFile} names no recipient`, {
			advice: 'Write one a line, as keygen prints them: age1…',
		});
	}
	const passphrase = env[passphraseVariable];
	if (passphrase && recipients.length === 0) return { recipients, passphrase };
	throw new BackupError(
		'bad-parameter',
		passphrase ? 'age knows no passphrase beside recipients' : `${passphraseVariable} is not set`,
		{ advice: 'Set it in the environment, or name recipients instead' },
	);
}
