import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { run } from '../../../scripts/lib/run.ts';

export interface PackageRegistry {
	url: string;
	/** Paths that were asked for, in order. */
	requests: string[];
	stop(): Promise<void>;
}

/** A registry that holds one packed package, and sends whoever asks for another to the one that this machine uses. */
export async function startRegistry(tarball: string): Promise<PackageRegistry> {
	const content = await readFile(tarball);
	const manifest = JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json'])) as {
		name: string;
		version: string;
	};
	const upstream = (await run('npm', ['config', 'get', 'registry'])).trim().replace(/\/$/, '');
	const requests: string[] = [];
	const server = createServer((request, response) => {
		const path = request.url ?? '';
		requests.push(path);
		if (path.endsWith(`/${basename(tarball)}`)) return response.end(content);
		if (path !== `/${manifest.name}`) {
			response.writeHead(302, { location: `${upstream}${path}` });
			return response.end();
		}
		const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`;
		const dist = { tarball: `${url}/${manifest.name}/-/${basename(tarball)}`, integrity };
		const versions = { [manifest.version]: { ...manifest, dist } };
		response.setHeader('content-type', 'application/json');
		return response.end(
			JSON.stringify({ name: manifest.name, 'dist-tags': { latest: manifest.version }, versions }),
		);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return {
		url,
		requests,
		stop: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
