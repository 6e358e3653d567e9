import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { copyFile } from '../../../core/volume/copyFile';
import { expectSameBytes } from '../../support/sameBytes';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const never = new AbortController().signal;

async function copy(path: string) {
	const source = await copyFile({ path })(never);
	const pieces: Buffer[] = [];
	for await (const piece of source.stream) pieces.push(piece as Buffer);
	return { bytes: Buffer.concat(pieces), facts: await source.finished };
}

test('the bytes stay as they are and the facts tell of the key without telling it', async () => {
	const content = Buffer.from('N8N_ENCRYPTION_KEY=s3cretKey\nBYTES=\xff\xfe\0\r\n', 'latin1');
	writeFileSync(scratch.path('.env'), content);
	const { bytes, facts } = await copy(scratch.path('.env'));
	expectSameBytes(bytes, content);
	expect(facts).toMatchObject({ census: { kind: 'file' }, encryptionKey: 'found', warnings: [] });
	expect(JSON.stringify(facts)).not.toContain('s3cretKey');
});

test('an empty file is an empty copy without a key', async () => {
	writeFileSync(scratch.path('.env'), '');
	const { bytes, facts } = await copy(scratch.path('.env'));
	expect(bytes).toHaveLength(0);
	expect(facts.encryptionKey).toBe('missing');
});

test('a key that lies in another file is missing, and the warning names that file', async () => {
	writeFileSync(scratch.path('.env'), 'N8N_ENCRYPTION_KEY_FILE=/run/secrets/key\n');
	const { facts } = await copy(scratch.path('.env'));
	expect(facts.encryptionKey).toBe('missing');
	expect(facts.warnings).toEqual([
		`n8n’s encryption key is not in ${scratch.path('.env')} but in the file /run/secrets/key that it names: ` +
			'copy that file, too.',
	]);
});

test('a large file that grows while it is copied is cut at the size it began with, and a warning says so', async () => {
	const content = Buffer.alloc(8 * 1024 * 1024, 'large');
	writeFileSync(scratch.path('large'), content);
	const source = await copyFile({ path: scratch.path('large') })(never);
	await once(source.stream, 'readable');
	appendFileSync(scratch.path('large'), 'more');
	const pieces: Buffer[] = [];
	for await (const piece of source.stream) pieces.push(piece as Buffer);
	expectSameBytes(Buffer.concat(pieces), content);
	const { warnings } = await source.finished;
	expect(warnings).toEqual([
		`${scratch.path('large')} was written to while it was copied; the copy may mix old and new.`,
	]);
	expectSameBytes(readFileSync(scratch.path('large')).subarray(0, content.length), content);
});

test('directories, pipes and what is not there are refused with advice', async () => {
	mkdirSync(scratch.path('directory', 'below'), { recursive: true });
	execFileSync('mkfifo', [scratch.path('pipe')]);
	await expect(copy(scratch.path('directory'))).rejects.toThrow(
		`${scratch.path('directory')} is a directory, not a file. Choose a file to copy; for a directory there is Archive.`,
	);
	await expect(copy(scratch.path('pipe'))).rejects.toThrow('is a pipe, not a file.');
	await expect(copy(scratch.path('nothing'))).rejects.toThrow(`${scratch.path('nothing')} does not exist.`);
});

test('an empty directory where a file was to be says that the file is missing on the host', async () => {
	mkdirSync(scratch.path('.env'));
	await expect(copy(scratch.path('.env'))).rejects.toThrow(
		`${scratch.path('.env')} is an empty directory, not a file: Docker makes one where the file to be mounted is missing on the host. ` +
			'Remove that directory on the host and put the file there, mount the directory that holds it instead',
	);
});

test('a file that is replaced again and again is copied as one of those that were there', async () => {
	const program = `const { renameSync, writeFileSync } = require('node:fs');
		for (let i = 0; ; i++) {
			writeFileSync('next', 'VERSION=' + i + '\\n');
			renameSync('next', '.env');
		}`;
	writeFileSync(scratch.path('.env'), 'VERSION=0\n');
	const editor = spawn(process.execPath, ['-e', program], { cwd: scratch.path() });
	try {
		await once(editor, 'spawn');
		for (let i = 0; i < 200; i++) {
			const { bytes, facts } = await copy(scratch.path('.env'));
			expect(bytes.toString()).toMatch(/^VERSION=\d+\n$/);
			expect(facts.warnings).toEqual([]);
		}
	} finally {
		editor.kill();
		await once(editor, 'close');
	}
});

test('cancelling a large copy fails it', async () => {
	writeFileSync(scratch.path('large'), Buffer.alloc(8 * 1024 * 1024));
	const cancel = new AbortController();
	const source = await copyFile({ path: scratch.path('large') })(cancel.signal);
	source.stream.on('error', () => {});
	cancel.abort();
	await expect(source.finished).rejects.toMatchObject({ name: 'AbortError' });
});
