import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Opening, type PlaceServer, placeServers } from '../../../../lab/servers/offsitePlaces';
import { type Destination, openDestination } from '../../../../core/offsite';

export interface TestServer extends PlaceServer {
	open(opening?: Opening): Promise<Destination>;
}

export const patience = () => AbortSignal.timeout(600_000);

/** The servers that every test of destinations runs against, and how each is started. */
export const testServers: Record<string, () => Promise<TestServer>> = {
	'OpenStack Swift’s S3': async () => opened(await placeServers.swift()),
	s3rver: async () => opened(await placeServers.s3rver()),
	'Apache’s WebDAV': async () => opened(await placeServers.webdav()),
	'OpenSSH’s SFTP server': async () => opened(await placeServers.sftp()),
};

function opened(server: PlaceServer): TestServer {
	return {
		...server,
		open: async (opening) => await openDestination(server.optionsFor(opening), patience()),
	};
}

/** Random numbers from a seed that is printed, so that a failure can be repeated: OFFSITE_SEED. */
export function createRandom(): () => number {
	let state = Number(process.env.OFFSITE_SEED ?? Date.now() % 2_147_483_647);
	console.log(`OFFSITE_SEED=${state}`);
	// Park and Miller's minimal standard.
	return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** A temporary directory that outlives single tests; remove it at their end. */
export async function makeDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
	const path = await mkdtemp(join(tmpdir(), 'n8n-backup-offsite-'));
	return { path, remove: async () => await rm(path, { recursive: true, force: true }) };
}
