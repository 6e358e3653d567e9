import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
	identity: string;
	recipient: string;
}

/** A pair of keys, made by age's own program. */
export function ageKeygen(): KeyPair {
	const printed = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	return {
		identity: /^AGE-SECRET-KEY-1\S+$/m.exec(printed)![0],
		recipient: /age1\S+/.exec(printed)![0],
	};
}

/** What age's own program makes of a file. */
export async function ageDecrypt(path: string, identity: string): Promise<Buffer> {
	const directory = await mkdtemp(join(tmpdir(), 'n8n-backup-age-'));
	try {
		const keyFile = join(directory, 'key.txt');
		await writeFile(keyFile, `${identity}\n`, { mode: 0o600 });
		return execFileSync('age', ['-d', '-i', keyFile, path], { maxBuffer: 64 * 1024 * 1024 });
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}
