import type { Random } from '../../lab/random.ts';

/** One run of a node. */
export interface Work {
	node: string;
	operation: string;
	parameters: Record<string, unknown>;
	/** Types of credentials. */
	takes: string[];
}

export interface Surroundings {
	root: string;
	/** Something to archive and to copy. */
	folder: string;
	file: string;
	/** Where things are restored to. */
	elsewhere: string;
	bucket: string;
	webdavUrl: string;
	sftpDirectory: string;
}

/** Any operation of any node, with all that it can be given a secret for. */
export function anyWork(random: Random, places: Surroundings): Work {
	const isEncrypted = random.below(2) === 0;
	const [node, operation, parameters, takes] = random.pick([
		...localWorks(random, places),
		...copies(random, places),
	]);
	return {
		...{ node, operation },
		parameters: {
			operation,
			backupDirectory: places.root,
			simplify: random.below(2) === 0,
			useEncryption: isEncrypted && node !== 'offSiteCopy',
			...parameters,
		},
		takes: isEncrypted && node !== 'offSiteCopy' ? [...takes, 'backupEncryptionAgeApi'] : takes,
	};
}

type Row = [node: string, operation: string, parameters: Record<string, unknown>, takes: string[]];

function localWorks(random: Random, { folder, file, elsewhere }: Surroundings): Row[] {
	const [postgres, redis, docker] = [['postgres'], ['redis'], ['dockerEngineApi']];
	const container = { engine: 'docker', container: { mode: 'name', value: 'db' } };
	return [
		['postgresBackup', 'backUp', {}, postgres],
		['postgresBackup', 'backUp', { options: { globals: true } }, postgres],
		['postgresBackup', 'backUp', { engine: 'local' }, postgres],
		['postgresBackup', 'backUp', { databases: 'all' }, postgres],
		['postgresBackup', 'backUp', container, docker],
		['postgresBackup', 'verify', {}, []],
		['postgresBackup', 'drill', {}, []],
		['postgresBackup', 'drill', { drillPlace: 'server' }, postgres],
		['postgresBackup', 'restore', { newDatabase: `again${random.hex(8)}` }, postgres],
		['postgresBackup', 'query', { sql: 'SELECT id FROM item' }, []],
		['redisSnapshot', 'takeSnapshot', {}, redis],
		['redisSnapshot', 'takeSnapshot', { engine: 'local' }, redis],
		['redisSnapshot', 'takeSnapshot', container, [...docker, ...redis]],
		['redisSnapshot', 'restore', { confirmation: 'replace' }, redis],
		['redisSnapshot', 'verify', {}, []],
		['volumeArchive', 'archive', { directory: folder }, []],
		['volumeArchive', 'archive', { engine: 'docker', volume: { mode: 'name', value: 'data' } }, docker],
		['volumeArchive', 'copyFile', { file }, []],
		['volumeArchive', 'restore', { kind: 'env', destination: elsewhere, options: { overwrite: true } }, []],
		['volumeArchive', 'verify', {}, []],
		['pruneBackups', 'checkSetup', {}, [...postgres, ...redis]],
		['pruneBackups', 'report', {}, []],
		['pruneBackups', 'list', {}, []],
	];
}

function copies(random: Random, { bucket, webdavUrl, sftpDirectory }: Surroundings): Row[] {
	const rules = { keepDays: 1, keepLast: 1, dryRun: true };
	const places: Array<[destination: string, more: object, credential: string]> = [
		['s3', { bucket, keyPrefix: 's3' }, 's3'],
		['aws', { bucket, keyPrefix: 'aws' }, 'aws'],
		['webdav', { url: random.below(4) === 0 ? 'http://127.0.0.1:1/' : webdavUrl }, 'httpBasicAuth'],
		['nextcloud', { path: '' }, 'nextCloudApi'],
		['sftp', { path: sftpDirectory }, 'sftp'],
	];
	return places.flatMap(([destination, more, credential]) =>
		['copy', 'list', 'verify', 'fetch', 'prune'].map((operation): Row => {
			return ['offSiteCopy', operation, { destination, ...more, ...rules }, [credential]];
		}),
	);
}
