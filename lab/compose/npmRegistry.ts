import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { root } from '../../scripts/lib/paths.ts';
import { registryHost } from './authority.ts';

interface PackageJson {
	name: string;
	version: string;
}

/** One version of a package: where it lies, packed or as npm has installed it. */
interface Published {
	manifest: PackageJson;
	tarball?: string;
	folder?: string;
}

/** By folder: several machines install the same packages, one after the other. */
type Packed = Map<string, Promise<Buffer>>;

/**
 * An npm registry that has the packed package, and every package that it depends on in the versions of this checkout,
 * packed from node_modules when somebody asks for the first time.
 */
export async function npmRegistry(tarball: string): Promise<RequestListener> {
	const { stdout } = await promisify(execFile)('tar', ['-xzOf', tarball, 'package/package.json']);
	const own: Published = { manifest: JSON.parse(stdout) as PackageJson, tarball };
	const folders = await installedFolders();
	const packed: Packed = new Map();
	const versionsOf = async (name: string): Promise<Published[]> =>
		name === own.manifest.name ? [own] : await Promise.all((folders.get(name) ?? []).map(readPublished));
	return (request, response) => {
		void answer(request.url ?? '', { versionsOf, packed }, response).catch((error: unknown) => {
			response.destroy(error as Error);
		});
	};
}

async function answer(
	url: string,
	{ versionsOf, packed }: { versionsOf: (name: string) => Promise<Published[]>; packed: Packed },
	response: ServerResponse,
): Promise<void> {
	const path = decodeURIComponent(url.replace(/^\//, ''));
	const { name = '', rest } = /^(?<name>(?:@[^/]+\/)?[^/]+)(?:\/(?<rest>.*))?$/.exec(path)?.groups ?? {};
	const versions = await versionsOf(name);
	const newest = versions.at(-1);
	const asked = rest?.replace(/^-\/(.*)\.tgz$/, '$1');
	const one = asked === 'latest' ? newest : versions.find(({ manifest }) => manifest.version === asked);
	if (!newest || (rest !== undefined && !one))
		return void response.writeHead(404).end('{"error":"not found"}');
	if (rest?.startsWith('-/')) return void response.end(await tarballOf(one!, packed));
	response.setHeader('content-type', 'application/json');
	response.end(JSON.stringify(one ? withTarball(one) : packument(name, versions, newest)));
}

const packument = (name: string, versions: Published[], newest: Published) => ({
	name,
	'dist-tags': { latest: newest.manifest.version },
	versions: Object.fromEntries(versions.map((one) => [one.manifest.version, withTarball(one)])),
});

const withTarball = ({ manifest }: Published) => ({
	...manifest,
	dist: { tarball: `https://${registryHost}/${manifest.name}/-/${manifest.version}.tgz` },
});

async function tarballOf({ tarball, folder }: Published, packed: Packed): Promise<Buffer> {
	if (tarball !== undefined) return await readFile(tarball);
	const known = packed.get(folder!) ?? pack(folder!);
	packed.set(folder!, known);
	return await known;
}

async function pack(folder: string): Promise<Buffer> {
	const nested = ['--exclude=./node_modules', '--transform=s,^\\.,package,'];
	const tar = spawn('tar', ['--use-compress-program=gzip -1', '-C', folder, '-c', ...nested, '.'], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const closed = once(tar, 'close') as Promise<[number | null]>;
	const [bytes, [exitCode]] = await Promise.all([buffer(tar.stdout), closed]);
	if (exitCode !== 0) throw new Error(`${folder} could not be packed`);
	return bytes;
}

/** By name, the folders of node_modules that hold versions of it, from the lock file of the checkout. */
async function installedFolders(): Promise<Map<string, string[]>> {
	const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
		packages: Record<string, { name?: string; version: string }>;
	};
	const folders = new Map<string, string[]>();
	const byVersion = Object.entries(lock.packages).sort(([, a], [, b]) =>
		a.version.localeCompare(b.version, 'en', { numeric: true }),
	);
	for (const [path, { name = path.replace(/^.*node_modules\//, '') }] of byVersion) {
		if (path !== '') folders.set(name, [...(folders.get(name) ?? []), join(root, path)]);
	}
	return folders;
}

async function readPublished(folder: string): Promise<Published> {
	return {
		folder,
		manifest: JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson,
	};
}
