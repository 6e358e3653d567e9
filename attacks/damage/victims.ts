import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component, Manifest } from '../../core/artifact/index.ts';
import { command } from '../../lab/command.ts';
import { Random } from '../../lab/random.ts';
import { postgresWith, redisWith, someRows } from '../servers.ts';

/** A good backup. */
export interface Victim {
	component: Component;
	name: string;
	bytes: Buffer;
	manifest: Manifest;
	/** Whether its format has checksums of its own. */
	isChecked: boolean;
}

export interface Victims {
	backups: Victim[];
	/** A file with the identity that the encrypted ones are for. */
	identityFile: string;
	identity: string;
}

const manifestSuffix = '.manifest.json';

/** Good backups of every component, as gzip and as zstd, encrypted and not. */
export async function makeVictims(scratch: string): Promise<Victims> {
	const root = join(scratch, 'good');
	await mkdir(root);
	const identityFile = join(scratch, 'identity');
	const { stdout } = await run(['keygen']);
	await writeFile(identityFile, stdout);
	const [identity, recipient] = [/^AGE-SECRET-KEY-1\S+$/m, /age1\S+/].map((key) => key.exec(stdout)?.[0]);
	if (identity === undefined || recipient === undefined) throw new Error(`keygen prints no keys: ${stdout}`);
	const seal = ['--recipient', recipient];

	await using postgres = await postgresWith(someRows);
	await using redis = await redisWith(100);
	const folder = await smallFolder(join(scratch, 'folder'));
	const env = { ...postgres.env, ...redis.env };
	const dump = ['create', 'postgres', '--database', 'n8n'];
	const archive = ['create', 'volume', folder];
	const file = ['create', 'file', join(folder, 'file-0')];
	const [gzip, zstd] = ['gzip', 'zstd'].map((method) => ['--compression', method]) as [string[], string[]];
	const works = [
		[...dump, ...gzip],
		[...dump, ...zstd],
		[...dump, ...zstd, ...seal],
		[...archive, ...gzip],
		[...archive, ...zstd],
		[...archive, ...gzip, ...seal],
		['create', 'redis', ...redis.args],
		file,
		[...file, ...seal],
	];
	for (const work of works) await run([...work, '--directory', root], env);
	return { backups: await readAll(root), identityFile, identity };
}

async function run(args: string[], env?: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
	const { exitCode, stdout, stderr } = await command(args, env);
	if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
	return { stdout };
}

async function readAll(root: string): Promise<Victim[]> {
	const backups: Victim[] = [];
	for (const component of ['postgres', 'redis', 'n8n', 'env'] as const) {
		const directory = join(root, component);
		for (const name of await readdir(directory)) {
			if (name.endsWith(manifestSuffix)) continue;
			const bytes = await readFile(join(directory, name));
			const text = await readFile(join(directory, `${name}${manifestSuffix}`), 'utf8');
			const isChecked = component !== 'env' || name.endsWith('.age');
			backups.push({ component, name, bytes, manifest: JSON.parse(text) as Manifest, isChecked });
		}
	}
	return backups;
}

/** Small when it is packed, and yet of several frames; a file of it is larger than what is read at a time. */
async function smallFolder(path: string): Promise<string> {
	await mkdir(path);
	const random = new Random(1);
	for (let i = 0; i < 9; i += 1) {
		const repeated = Buffer.alloc(1_500_000, `${i} what can be packed well\n`);
		await writeFile(join(path, `file-${i}`), Buffer.concat([random.bytes(3000), repeated]));
	}
	return path;
}
