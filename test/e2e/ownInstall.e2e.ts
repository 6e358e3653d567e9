import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packPackage } from '../../lab/n8n/installPackage.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { run } from '../../scripts/lib/run.ts';
import { type Block, bashBlocks, readDocument } from '../docs/support/blocks';
import { follow } from '../docs/support/follow';
import { type PackageRegistry, startRegistry } from './support/packageRegistry';

jest.setTimeout(300_000);

let directory: string;
let blocks: Block[];
let tarball: string;
let registry: PackageRegistry;
let stack: Stack;
let npmCache: string;

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('install.md'));
	npmCache = (await run('npm', ['config', 'get', 'cache'])).trim();
	directory = await mkdtemp(join(tmpdir(), 'own-install-'));
	tarball = await packPackage(directory);
	registry = await startRegistry(tarball);
	stack = await startStack({
		install: async (userFolder, packed) => {
			const nodes = join(userFolder, '.n8n', 'nodes');
			await mkdir(nodes, { recursive: true });
			await copyFile(packed, join(nodes, basename(packed)));
			await asWritten('file', userFolder);
		},
		env: { N8N_COMMUNITY_PACKAGES_REGISTRY: registry.url },
	});
}, 300_000);

afterAll(async () => {
	await stack?.stop();
	await registry?.stop();
	await rm(directory, { recursive: true, force: true });
});

/** Runs a document's commands in a home of their own; npm keeps the machine's settings and what it has fetched before. */
async function asWritten(tag: string, home: string): Promise<void> {
	// How this machine reaches a registry: certificates, proxies.
	const { PATH: _, ...machine } = process.env;
	const env = {
		...machine,
		HOME: home,
		npm_config_userconfig: join(homedir(), '.npmrc'),
		npm_config_cache: npmCache,
		REGISTRY: registry.url,
	};
	await follow(blocks, tag, { bin: home, cwd: home, env });
}

/** Has the installed command back a file up and verify that, which takes its dependencies. */
async function tryOut(home: string): Promise<string> {
	const installed = join(home, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-backup', 'dist', 'cli', 'main.js');
	const backups = await mkdtemp(join(directory, 'backups-'));
	await writeFile(join(directory, '.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	const command = async (...args: string[]) =>
		await run(process.execPath, [installed, ...args, '--directory', backups]);
	await command('create', 'file', join(directory, '.env'));
	return await command('verify');
}

async function newHome(): Promise<string> {
	const home = await mkdtemp(join(directory, 'home-'));
	await copyFile(tarball, join(home, basename(tarball)));
	return home;
}

it('has no command in its document that is not run here', () => {
	expect([...new Set(blocks.map(({ tag }) => tag))]).toEqual(['file', 'offline', 'registry']);
});

it('from a file: a real n8n loads every node and credential, and does not list the package', async () => {
	const nodes = ['offSiteCopy', 'postgresBackup', 'pruneBackups', 'redisSnapshot', 'volumeArchive'];
	expect(await stack.editor.nodeTypes()).toEqual(
		expect.arrayContaining(nodes.map((name) => `n8n-nodes-backup.${name}`)),
	);
	expect(await stack.editor.credentialTypes()).toEqual(
		expect.arrayContaining(['dockerEngineApi', 'backupEncryptionAgeApi']),
	);
	expect(await stack.editor.communityPackages()).toEqual([]);
	expect(await tryOut(stack.n8n.userFolder)).toMatch(/\.backup: passed\n/);
});

it('carried over: it works, and nothing in it is made for a system or a processor', async () => {
	const home = await newHome();
	await asWritten('offline', home);
	expect(await tryOut(home)).toMatch(/\.backup: passed\n/);
	expect(await run('find', [join(home, '.n8n', 'nodes'), '-name', '*.node'])).toBe('');
});

it('from a registry of one’s own: it comes from there, and works', async () => {
	const home = await newHome();
	registry.requests.length = 0;
	await asWritten('registry', home);
	expect(registry.requests).toContain('/n8n-nodes-backup');
	expect(await tryOut(home)).toMatch(/\.backup: passed\n/);
});

it('from a registry of one’s own in the editor: n8n asks for a licence', async () => {
	await expect(stack.editor.installCommunityPackage('n8n-nodes-backup')).rejects.toThrow(
		/Your license does not allow for feat:communityNodes:customRegistry/,
	);
});
