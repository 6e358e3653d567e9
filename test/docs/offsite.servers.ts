import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { type SwiftServer, startSwift } from '../../lab/servers/swift';
import { command, program } from '../../lab/command';
import { makeBackups } from '../support/makeBackups';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { bashBlocks, readDocument, script } from './support/blocks';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
let swift: SwiftServer;

beforeAll(async () => {
	swift = await startSwift();
}, 240_000);
afterAll(async () => await swift.stop());

/** Runs commands as they stand in the document, with the keys in the environment as it says. */
async function follow(commands: string): Promise<string> {
	const bin = directory.path('bin');
	await mkdir(bin);
	await writeFile(`${bin}/n8n-backup`, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
	await chmod(`${bin}/n8n-backup`, 0o755);
	const child = spawn('bash', ['-e', '-u', '-o', 'pipefail'], {
		cwd: directory.path(),
		env: {
			PATH: `${bin}:${process.env.PATH}`,
			N8N_BACKUP_DIRECTORY: directory.path('backups'),
			AWS_ACCESS_KEY_ID: swift.accessKeyId,
			AWS_SECRET_ACCESS_KEY: swift.secretAccessKey,
			AWS_ENDPOINT_URL: swift.endpoint,
		},
	});
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stdin.end(commands);
	const exitCode = await new Promise((resolve) => child.once('close', resolve));
	if (exitCode !== 0) throw new Error(`The commands ended with ${exitCode as number}:\n${output}`);
	return output;
}

describe('The commands of offsite.md', () => {
	it('do what it says, all of them', async () => {
		const blocks = bashBlocks(await readDocument('offsite.md'));
		expect(blocks.filter(({ tag }) => tag === undefined)).toEqual([]);
		await mkdir(directory.path('backups'), { mode: 0o700 });
		await makeBackups(directory.path('backups'));
		await writeFile(directory.path('compose.yaml'), 'services: {}\n');
		const args = ['create', 'file', directory.path('compose.yaml'), '-d', directory.path('backups')];
		expect((await command(args)).exitCode).toBe(0);
		const output = await follow(script(blocks, 'everything'));
		expect(output).toContain('Copied 5 backups; 0 were there already.');
		expect(output).toContain('5 of 5 copies passed.');
		expect(output).toContain('Deleted 0 backups');
		expect(output.match(/: already here$/gm)).toHaveLength(9);
		expect(output).toMatch(/^✓ .*\.sql\.gz: passed/m);
		expect(await readFile(directory.path('restored.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
	});
});
