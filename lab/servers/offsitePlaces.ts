import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DestinationOptions } from '../../core/offsite/index.ts';
import { startS3rver } from './s3rver.ts';
import { startSftp } from './sftp.ts';
import { type S3Server, startSwift } from './swift.ts';
import { startWebdav } from './webdav.ts';

/** What is opened at a server. */
export interface Opening {
	/** The server's own when undefined; a proxy's otherwise. */
	port?: number;
	/** A place of this name that `makePlace` has made. */
	place?: string;
	idleWithinMs?: number;
}

/** A server that keeps copies in places of its own. */
export interface PlaceServer {
	port: number;
	/** What `openDestination` takes. */
	optionsFor(opening?: Opening): DestinationOptions;
	/** Makes a place, which is empty then. */
	makePlace(name: string): Promise<void>;
	stop(): Promise<void>;
}

/** One whose files can be looked at past everything that copies. */
export interface OpenPlaceServer extends PlaceServer {
	/** A component's files in a place, by their names. */
	filesIn(place: string, component: string): Promise<Map<string, Buffer>>;
}

/** How each kind of server is started. */
export const placeServers = {
	async swift(): Promise<OpenPlaceServer> {
		const server = await startSwift();
		return {
			...s3(server),
			filesIn: async (place, component) => await server.objects(`${prefixOf(place)}/${component}/`),
		};
	},
	s3rver: async (): Promise<PlaceServer> => s3(await startS3rver()),
	async webdav(): Promise<OpenPlaceServer> {
		const { port, user, password, directory, stop } = await startWebdav();
		return {
			...{ port, stop },
			optionsFor({ port: at = port, place = '', idleWithinMs } = {}) {
				return { kind: 'webdav', url: `http://127.0.0.1:${at}/${place}`, user, password, idleWithinMs };
			},
			async makePlace(name) {
				await mkdir(join(directory, name));
				await chmod(join(directory, name), 0o777);
			},
			filesIn: async (place, component) => await filesOf(join(directory, place, component)),
		};
	},
	async sftp(): Promise<OpenPlaceServer> {
		const { port, host, user, privateKey, directory, fingerprint, stop } = await startSftp();
		const hostKeys = { expected: async () => fingerprint, pin: async () => {} };
		return {
			...{ port, stop },
			optionsFor({ port: at = port, place = '', idleWithinMs } = {}) {
				const login = { host, user, privateKey, hostKeys };
				return { kind: 'sftp', ...login, port: at, path: join(directory, place), idleWithinMs };
			},
			makePlace: async (name) => await mkdir(join(directory, name)),
			filesIn: async (place, component) => await filesOf(join(directory, place, component)),
		};
	},
};

const prefixOf = (place: string) => `a prefix/ü${place}`;

function s3({ port, bucket, accessKeyId, secretAccessKey, stop }: S3Server): PlaceServer {
	const keys = { bucket, accessKeyId, secretAccessKey, region: 'us-east-1', forcePathStyle: true };
	return {
		...{ port, stop },
		optionsFor({ port: at = port, place = '', idleWithinMs } = {}) {
			const endpoint = `http://127.0.0.1:${at}`;
			return { kind: 's3', ...keys, prefix: prefixOf(place), endpoint, idleWithinMs };
		},
		makePlace: async () => {},
	};
}

async function filesOf(directory: string): Promise<Map<string, Buffer>> {
	const names = await readdir(directory).catch((): string[] => []);
	return new Map(
		await Promise.all(
			names.map(async (name): Promise<[string, Buffer]> => [name, await readFile(join(directory, name))]),
		),
	);
}
