import { n8nEncryptionKey } from '../n8n/environment';
import { checkEncryption, type ChosenEncryption } from './encryption';
import { checkFileAccess, type Permit } from './fileAccess';
import { type Finding, unknown } from './finding';
import { checkKey, type PlacedKey } from './key';
import { checkBackupDirectory, checkDataFolder, checkFile, checkSpace } from './places';
import { checkPostgres, type ChosenPostgres } from './postgres';
import { checkRedis, type ChosenRedis } from './redis';
import {
	checkBinaryData,
	checkOffload,
	checkReinstall,
	checkTimeZone,
	checkUnverified,
	checkVersion,
	checkWorker,
	type RunningN8n,
} from './settings';

/** A set-up, as far as whoever asks knows it. */
export interface Setup {
	/** The backup directory. */
	root: string;
	/** That names are written in and schedules are meant in. */
	timeZone: string;
	/** n8n's environment; undefined where it is not this process's. */
	environment?: NodeJS.ProcessEnv;
	n8n: RunningN8n;
	/** Undefined where it is not n8n that asks. */
	permit?: Permit;
	/** n8n's data folder, as it is backed up. */
	dataFolder?: string;
	/** Files that are copied, `.env` above all. */
	files: readonly string[];
	postgres: ChosenPostgres;
	redis: ChosenRedis;
	/** Undefined answer: none was chosen. */
	encryption: () => Promise<ChosenEncryption | undefined>;
}

/**
 * Looks at everything that nightly backups need, by trying it: one finding a check, always in the same order. What could
 * not be tried is unknown, and nothing is changed but a file that is written and removed again.
 *
 * @param inBackups does what touches the backup directory, where not everybody may
 * @throws BackupError `cancelled`
 */
export async function checkSetup(
	setup: Setup,
	signal: AbortSignal,
	inBackups: <T>(work: () => Promise<T>) => Promise<T> = async (work) => await work(),
): Promise<Finding[]> {
	const { root, timeZone, dataFolder, files } = setup;
	// Nothing is touched that n8n does not let nodes use.
	const permit = setup.permit ?? (async (path: string) => await Promise.resolve(path));
	const folder = await checkDataFolder(dataFolder, permit);
	const copied: Finding[] = [];
	const keys: PlacedKey[] = [];
	if (dataFolder !== undefined && folder.key !== undefined) keys.push({ place: dataFolder, key: folder.key });
	for (const path of files) {
		const { finding, key } = await checkFile(path, permit, signal);
		copied.push(finding);
		if (key !== undefined) keys.push({ place: path, key });
	}
	const sources = files.length + (dataFolder === undefined ? 0 : 1);
	const own = setup.environment && (await n8nEncryptionKey(setup.environment));
	return [
		...(await checkSettings(setup)),
		await inBackups(async () => await checkBackupDirectory(root, permit)),
		await inBackups(async () => await checkSpace(root, timeZone, permit)),
		folder.finding,
		...copied,
		checkKey(keys, { sources, own }),
		...(await checkPostgres(setup.postgres, keys, signal)),
		...(await checkRedis(setup.redis, signal)),
		await checkEncryption(setup.encryption),
	];
}

async function checkSettings(setup: Setup): Promise<Finding[]> {
	const { environment: env, n8n, permit, root, dataFolder, files, timeZone } = setup;
	const paths = [root, ...(dataFolder === undefined ? [] : [dataFolder]), ...files];
	if (!env) return [checkVersion(n8n), ...settingNames.map((name) => unknown(name, notHere))];
	return [
		checkVersion(n8n),
		checkWorker(env, n8n),
		await checkFileAccess(paths, env, permit),
		checkOffload(env),
		checkReinstall(env, n8n),
		checkUnverified(env, n8n),
		checkBinaryData(env, { hasDataFolder: dataFolder !== undefined }),
		checkTimeZone(env, timeZone),
	];
}

const notHere = 'This does not run in n8n’s environment.';

const settingNames = [
	'worker',
	'N8N_RESTRICT_FILE_ACCESS_TO',
	'OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS',
	'N8N_REINSTALL_MISSING_PACKAGES',
	'N8N_UNVERIFIED_PACKAGES_ENABLED',
	'N8N_DEFAULT_BINARY_DATA_MODE',
	'time zone',
] as const;
