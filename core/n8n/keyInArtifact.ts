import type { CompressionMethod } from '../compression/compression';
import type { DecryptionKeys } from '../encryption';
import { readArtifact } from '../artifact/readArtifact';
import { keyFromEnvFile, KeyWatch, longestKeyFileBytes } from './encryptionKey';
import { TarScanner } from '../tar/tarScanner';

export interface KeyInArtifactRequest {
	path: string;
	compression: CompressionMethod;
	keys?: DecryptionKeys;
	/** `archive`: a tar of n8n's data folder. `file`: a copy of a `.env`. */
	kind: 'archive' | 'file';
}

/**
 * n8n's encryption key out of an artifact that holds it, to check that a dump's credentials can be decrypted.
 * It must not get into any log, error, manifest or item.
 *
 * @returns undefined when the artifact is whole but has no key
 * @throws BackupError when the artifact cannot be read, `auth` when it is encrypted for another key
 */
export async function keyInArtifact(
	{ path, compression, keys, kind }: KeyInArtifactRequest,
	signal: AbortSignal,
): Promise<string | undefined> {
	let key: string | undefined;
	const look = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		key = kind === 'archive' ? await keyInTar(raw) : keyFromEnvFile(await textOf(raw));
	};
	await readArtifact({ path, compression, keys }, look, signal);
	return key;
}

async function keyInTar(raw: AsyncIterable<Buffer>): Promise<string | undefined> {
	const scanner = new TarScanner();
	const watch = new KeyWatch();
	for await (const chunk of raw) {
		for (const event of scanner.scan(chunk)) watch.note(event);
	}
	scanner.end();
	return watch.key;
}

async function textOf(raw: AsyncIterable<Buffer>): Promise<string> {
	const pieces: Buffer[] = [];
	let bytes = 0;
	for await (const piece of raw) {
		bytes += piece.length;
		if (bytes <= longestKeyFileBytes) pieces.push(piece);
	}
	return Buffer.concat(pieces).toString('utf8');
}
