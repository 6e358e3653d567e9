import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { cacheDirectory, root as checkout } from '../../scripts/lib/paths.ts';
import { keptFolder } from '../kept.ts';
import { n8nVersion } from '../n8n/ensureN8n.ts';
import { imageTrees, type ImageName, ingredientsOf } from './imageTrees.ts';

/** Every image of deploy/compose.yaml and of the runbook, under the very name that is written there. */
const tags: Record<ImageName, string> = {
	n8n: `docker.n8n.io/n8nio/n8n:${n8nVersion}`,
	node: 'node:24',
	postgres: 'postgres:17',
	proxy: 'tecnativa/docker-socket-proxy:latest',
	redis: 'redis:7',
};

/**
 * Makes the images in an engine, each from its folder in `images/` and from programs of this machine. Nothing is
 * pulled, and nothing copied: what is in an image lies in .cache/, and its layer in the engine becomes a link to there,
 * which overlay2 mounts and never writes to.
 */
export async function makeImages(docker: Docker): Promise<void> {
	const names = Object.keys(tags) as ImageName[];
	const made = await Promise.allSettled(names.map(async (name) => await makeImage(docker, name)));
	// When one fails, the others are not left to whatever comes next.
	for (const one of made) if (one.status === 'rejected') throw one.reason;
}

async function makeImage(docker: Docker, name: ImageName): Promise<void> {
	const tree = await cachedTree(name);
	const stream = await docker.buildImage(
		{ context: sourceFolder(name), src: ['Dockerfile'] },
		{ t: tags[name] },
	);
	await new Promise<void>((resolve, reject) => {
		docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
	});
	const { GraphDriver } = await docker.getImage(tags[name]).inspect();
	const { UpperDir: layer } = GraphDriver.Data as { UpperDir?: string };
	if (GraphDriver.Name !== 'overlay2' || layer === undefined)
		throw new Error(`The Docker Engine uses ${GraphDriver.Name} here, and not overlay2`);
	await rm(layer, { recursive: true });
	await symlink(tree, layer);
}

const sourceFolder = (name: ImageName) => join(checkout, 'lab', 'compose', 'images', name);

/** The folder in .cache/ that holds what is in an image, made when there is none. */
async function cachedTree(name: ImageName): Promise<string> {
	await mkdir(cacheDirectory, { recursive: true });
	const path = join(await realpath(cacheDirectory), 'docker', `${name}-${await fingerprint(name)}`);
	return await keptFolder(path, async (unfinished) => {
		await imageTrees[name](unfinished, sourceFolder(name));
	});
}

async function fingerprint(name: ImageName): Promise<string> {
	const hash = createHash('sha256').update(await ingredientsOf(name));
	// The Dockerfile is read by the engine each time.
	const files = (await readdir(sourceFolder(name))).filter((file) => file !== 'Dockerfile').sort();
	for (const file of files) hash.update(await readFile(join(sourceFolder(name), file)));
	return hash.digest('hex').slice(0, 16);
}
