import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startS3rver } from '../../../../lab/servers/s3rver';
import { startSftp } from '../../../../lab/servers/sftp';
import { type S3Server, startSwift } from '../../../../lab/servers/swift';
import { startWebdav } from '../../../../lab/servers/webdav';
import { type Destination, hostKeyGiven, openDestination } from '../../../../core/offsite';

/** What is opened at a server. */
export interface Opening {
	/** The server's own when undefined; a proxy's otherwise. */
	port?: number;
	/** A place of this name that `makePlace` has made. */
	place?: string;
	idleWithinMs?: number;
}

export interface TestServer {
	port: number;
	open(opening?: Opening): Promise<Destination>;
	/** Makes a place, which is empty then. */
	makePlace(name: string): Promise<void>;
	stop(): Promise<void>;
}

export const patience = () => AbortSignal.timeout(600_000);

/** The servers that every test of destinations runs against, and how each is started. */
export const testServers: Record<string, () => Promise<TestServer>> = {
	'OpenStack Swift’s S3': async () => s3(await startSwift()),
	s3rver: async () => s3(await startS3rver()),
	async 'Apache’s WebDAV'() {
		const { port, user, password, directory, stop } = await startWebdav();
		return {
			...{ port, stop },
			async open({ port: at = port, place = '', idleWithinMs } = {}) {
				const url = `http://127.0.0.1:${at}/${place}`;
				return await openDestination({ kind: 'webdav', url, user, password, idleWithinMs }, patience());
			},
			async makePlace(name) {
				await mkdir(join(directory, name));
				await chmod(join(directory, name), 0o777);
			},
		};
	},
	async 'OpenSSH’s SFTP server'() {
		const { port, host, user, privateKey, directory, fingerprint, stop } = await startSftp();
		return {
			...{ port, stop },
			async open({ port: at = port, place = '', idleWithinMs } = {}) {
				const login = { host, user, privateKey, hostKeys: hostKeyGiven(fingerprint) };
				const path = join(directory, place);
				return await openDestination({ kind: 'sftp', ...login, port: at, path, idleWithinMs }, patience());
			},
			makePlace: async (name) => await mkdir(join(directory, name)),
		};
	},
};

function s3({ port, bucket, accessKeyId, secretAccessKey, stop }: S3Server): TestServer {
	const keys = { bucket, accessKeyId, secretAccessKey, region: 'us-east-1', forcePathStyle: true };
	return {
		...{ port, stop },
		async open({ port: at = port, place = '', idleWithinMs } = {}) {
			const prefix = `a prefix/ü${place}`;
			const endpoint = `http://127.0.0.1:${at}`;
			return await openDestination({ kind: 's3', ...keys, prefix, endpoint, idleWithinMs }, patience());
		},
		makePlace: async () => {},
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
