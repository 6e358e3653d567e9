import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { restoreFile, type RestoreFileOptions } from '../../../core/volume/restoreFile';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const content = 'N8N_ENCRYPTION_KEY=abc\n';

async function restore(more: Partial<RestoreFileOptions> = {}) {
	writeFileSync(scratch.path('env.backup'), content, { mode: 0o644 });
	const options = { artifactPath: scratch.path('env.backup'), destination: scratch.path('.env'), ...more };
	return await restoreFile(options, new AbortController().signal);
}

test('the file comes back, for its owner only', async () => {
	const expected = { sha256: createHash('sha256').update(content).digest('hex') };
	expect(await restore({ expected })).toEqual({ bytes: content.length, warnings: [] });
	expect(readFileSync(scratch.path('.env'), 'utf8')).toBe(content);
	expect(statSync(scratch.path('.env')).mode & 0o777).toBe(0o600);
	expect(readdirSync(scratch.path())).toEqual(['.env', 'env.backup']);
});

test('a file that is there is replaced only when that is allowed', async () => {
	writeFileSync(scratch.path('.env'), 'old');
	await expect(restore()).rejects.toThrow(
		`${scratch.path('.env')} is already there. Choose another path, or allow overwriting; nothing was changed.`,
	);
	expect(readFileSync(scratch.path('.env'), 'utf8')).toBe('old');
	await restore({ overwrite: true });
	expect(readFileSync(scratch.path('.env'), 'utf8')).toBe(content);
});

test('a directory is never replaced', async () => {
	mkdirSync(scratch.path('.env'));
	await expect(restore({ overwrite: true })).rejects.toThrow('is already there. Choose the path of a file;');
});

test('an artifact that is not what its manifest says replaces nothing', async () => {
	writeFileSync(scratch.path('.env'), 'old');
	await expect(restore({ overwrite: true, expected: { sha256: 'another' } })).rejects.toThrow(
		`${scratch.path('env.backup')} is not what its manifest describes: its SHA-256 differs. Verify it`,
	);
	expect(readFileSync(scratch.path('.env'), 'utf8')).toBe('old');
	expect(readdirSync(scratch.path())).toEqual(['.env', 'env.backup']);
});

test('a directory that does not exist is named', async () => {
	await expect(restore({ destination: scratch.path('nowhere', '.env') })).rejects.toThrow(
		`${scratch.path('nowhere')} does not exist. Create it`,
	);
});
