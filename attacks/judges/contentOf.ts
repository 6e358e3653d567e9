import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ageWords = 'age-encryption.org/v1';

/**
 * What a backup holds, by age, gzip and zstd themselves: neither encrypted nor compressed.
 *
 * @param identityFile for one that is encrypted
 * @returns undefined where they refuse it
 */
export async function contentOf(path: string, identityFile: string): Promise<Buffer | undefined> {
	try {
		const stored = await readFile(path);
		// By its first bytes: an encrypted file in the place of one that is not holds what it holds.
		const isEncrypted = stored.subarray(0, ageWords.length).toString() === ageWords;
		const decrypt = ['--decrypt', '--identity', identityFile];
		const content = isEncrypted ? await through('age', decrypt, stored) : stored;
		const name = path.replace(/\.age$/, '');
		if (name.endsWith('.gz')) return await through('gzip', ['-dc'], content);
		if (name.endsWith('.zst')) return await through('zstd', ['-dcq'], content);
		return content;
	} catch {
		return undefined;
	}
}

async function through(program: string, args: string[], input: Buffer): Promise<Buffer> {
	const running = run(program, args, { encoding: 'buffer', maxBuffer: 1e9 });
	// A program that has seen enough closes its input.
	running.child.stdin?.on('error', () => {});
	running.child.stdin?.end(input);
	return (await running).stdout;
}
