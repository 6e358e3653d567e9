import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, root } from '../../scripts/lib/paths.ts';
import { run } from '../../scripts/lib/run.ts';
import { keptFolder } from '../kept.ts';

/** Packs the build in dist/ as npm would publish it and returns the path of the .tgz in `directory`. */
export async function packPackage(directory: string): Promise<string> {
	const output = await run(
		'npm',
		['pack', '--json', '--loglevel=error', `--pack-destination=${directory}`, root],
		{
			cwd: directory,
		},
	);
	const [packed] = JSON.parse(output.slice(output.indexOf('['))) as Array<{ filename: string }>;
	if (!packed) throw new Error(`npm pack named no file: ${output}`);
	return join(directory, packed.filename);
}

interface PackageJson {
	name: string;
	version: string;
	[key: string]: unknown;
}

/**
 * Installs a packed package as n8n's own "Install a community node" does, step by step and with the same npm
 * flags (CommunityPackagesService.downloadPackage): unpack, drop dev, peer and optional dependencies, install the
 * rest inside the package, and enter it into n8n's list. The registry checks are what is left out, and the same
 * dependencies are fetched once.
 */
export async function installPackage(userFolder: string, tarball: string): Promise<void> {
	const nodes = join(userFolder, '.n8n', 'nodes');
	const { name } = await readPackedPackageJson(tarball);
	const home = join(nodes, 'node_modules', name);
	await rm(home, { recursive: true, force: true });
	await mkdir(home, { recursive: true });
	await run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);

	const manifestPath = join(home, 'package.json');
	const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as PackageJson;
	const dropped = ['devDependencies', 'peerDependencies', 'optionalDependencies'];
	const slim = Object.fromEntries(Object.entries(manifest).filter(([key]) => !dropped.includes(key)));
	const text = JSON.stringify(slim, null, 2);
	await writeFile(manifestPath, text);
	await run('cp', ['-R', join(await dependenciesOf(text), 'node_modules'), home]);
	const list = { name: 'installed-nodes', private: true, dependencies: { [name]: manifest.version } };
	await writeFile(join(nodes, 'package.json'), JSON.stringify(list, null, 2));
}

/** @returns the folder in .cache/ in which npm has installed what this package.json asks for */
async function dependenciesOf(packageJson: string): Promise<string> {
	const hash = createHash('sha256').update(packageJson).digest('hex').slice(0, 16);
	return await keptFolder(join(cacheDirectory, 'installed', hash), async (unfinished) => {
		await writeFile(join(unfinished, 'package.json'), packageJson);
		await run(
			'npm',
			[
				'install',
				'--audit=false',
				'--fund=false',
				'--bin-links=false',
				'--install-strategy=shallow',
				'--ignore-scripts=true',
				'--package-lock=false',
			],
			{ cwd: unfinished },
		);
	});
}

async function readPackedPackageJson(tarball: string): Promise<PackageJson> {
	return JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json'])) as PackageJson;
}
