import { keyFromEnvFile, longestKeyFileBytes } from '../../core/n8n/encryptionKey';
import { readRegularFile } from '../../core/files/readRegularFile';

/** n8n's key in a file as Compose reads it; undefined where it is no such file, and where it cannot be read. */
export async function keyInEnvFile(path: string): Promise<string | undefined> {
	try {
		return keyFromEnvFile((await readRegularFile(path, longestKeyFileBytes)).toString());
	} catch {
		return undefined;
	}
}
