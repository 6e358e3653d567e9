import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packPackage } from '../../lab/n8n/installPackage.ts';
import { ensureOldestNode, oldestNodeVersion } from '../../lab/oldestNode.ts';
import { makeBackups } from '../support/makeBackups';

const run = promisify(execFile);

jest.setTimeout(300_000);

/** A machine on the bad day: Node, npm, the packed package, and nothing of n8n's. */
let machine: string;
let home: string;
const nodes = { newest: process.execPath, oldest: '' };

beforeAll(async () => {
	nodes.oldest = await ensureOldestNode();
	machine = await mkdtemp(join(tmpdir(), 'bare-machine-'));
	const tarball = await packPackage(machine);
	await run('npm', ['install', '--global', '--prefix', machine, tarball], { cwd: machine });
	home = join(machine, 'lib', 'node_modules', 'n8n-nodes-backup');
	await mkdir(join(machine, 'backups'));
	await makeBackups(join(machine, 'backups'));
});

afterAll(async () => {
	await rm(machine, { recursive: true, force: true });
});

it('installs without n8n-workflow, whose native module needs a compiler', () => {
	expect(existsSync(join(home, 'node_modules', 'commander'))).toBe(true);
	expect(existsSync(join(home, 'node_modules', 'n8n-workflow'))).toBe(false);
});

describe.each(['newest', 'oldest'] as const)('on the %s Node that is supported', (age) => {
	const n8nBackup = async (...args: string[]) =>
		await run(nodes[age], [join(home, 'dist', 'cli', 'main.js'), ...args], {
			cwd: machine,
			env: { PATH: process.env.PATH, HOME: machine, N8N_BACKUP_DIRECTORY: join(machine, 'backups') },
		});

	it('is that Node', async () => {
		const { stdout } = await run(nodes[age], ['--version']);
		expect(stdout.trim()).toBe(age === 'oldest' ? `v${oldestNodeVersion}` : process.version);
	});

	it('verifies every backup and restores an archive', async () => {
		const verified = await n8nBackup('verify');
		expect(verified.stdout.match(/^✓ .*: passed$/gm)).toHaveLength(4);
		const to = join(machine, `restored-${age}`);
		const { stdout } = await n8nBackup('restore', 'volume', 'newest', '--to', to);
		expect(stdout).toMatch(/is restored: /);
		expect(await readFile(join(to, 'config'), 'utf8')).toBe('{"encryptionKey":"of-the-test"}');
	});
});
