import { basename, join } from 'node:path';
import type { CheckResult } from '../../artifact/checks';
import { checkChecksum } from '../../artifact/checksum';
import type { DatabaseCensus, Manifest } from '../../artifact/manifest';
import type { OnProgress } from '../../artifact/source';
import { manifestIfAny, recordChecks, toCheckRecord } from '../../artifact/verifyArtifact';
import type { DecryptionKeys } from '../../encryption';
import { BackupError, errorMessage } from '../../errors';
import { findEncryptionKeys, type FoundKey } from '../../n8n/encryptionKeys';
import { judgeCredentials } from '../../n8n/judgeCredentials';
import { runProgram } from '../../process/run';
import { sniffCompression } from '../sniffCompression';
import type { OpenedDatabase } from './openDatabase';
import { makeScratch } from './scratch';
import { type Taken, type TakenDatabase, takeDatabases } from './takeDatabases';

export interface ArchiveDrillRequest {
	/** The backup directory: where n8n's encryption key is looked for beside the archive's own. */
	root: string;
	/** IANA name of the zone that artifacts without a manifest are named in. */
	timeZone: string;
	artifactPath: string;
	/** For an archive, and backups with n8n's key, that are encrypted. */
	keys?: DecryptionKeys;
	/** Most bytes of databases that are taken out of the archive; 20 GiB when undefined. */
	maxBytes?: number;
	onProgress?: OnProgress;
}

export interface ArchiveDrillReport {
	artifactPath: string;
	/** `unknown`: something kept the drill from finding anything out about the backup, and nothing was written down. */
	result: 'passed' | 'failed' | 'unknown';
	checks: CheckResult[];
	/** What could not be done beside. */
	warnings: string[];
	/** Only with `unknown`: what it was, and what to do about it. */
	obstacle?: BackupError;
	/** Milliseconds. */
	durationMs: number;
}

const defaultMaxBytes = 20 * 1024 ** 3;

/**
 * Proves an archive by its SQLite databases: each is taken out into a scratch directory and opened there, in another
 * process. SQLite looks at every page and reference, the rows are compared with the census, and the credentials of
 * n8n's own are decrypted with the key in the archive, or in another backup. What was found is written into the manifest.
 *
 * A disk that is full, or a limit, says nothing of the backup: the result is `unknown` then.
 *
 * @throws BackupError when there was nothing to drill: no artifact, cancelled
 */
export async function drillArchive(
	request: ArchiveDrillRequest,
	signal: AbortSignal,
): Promise<ArchiveDrillReport> {
	const startedAt = performance.now();
	const { artifactPath } = request;
	const ended = () => ({ artifactPath, durationMs: Math.round(performance.now() - startedAt) });
	try {
		const checks = await drillInScratch(request, await manifestIfAny(artifactPath), signal);
		const result = checks.some(({ result: said }) => said === 'failed') ? 'failed' : 'passed';
		return { ...ended(), result, checks, warnings: await record(artifactPath, { result, checks }) };
	} catch (error) {
		if (!(error instanceof BackupError) || notToJudge.has(error.code)) throw error;
		if (error.code !== 'damaged' && error.code !== 'incomplete') {
			const checks = [{ check: 'archive', result: 'unknown', detail: error.what } as const];
			return { ...ended(), result: 'unknown', checks, warnings: [], obstacle: error };
		}
		const checks = [{ check: 'archive', result: 'failed', detail: error.what } as const];
		const warnings = await record(artifactPath, { result: 'failed', checks: [...checks] });
		return { ...ended(), result: 'failed', checks: [...checks], warnings };
	}
}

const notToJudge = new Set<BackupError['code']>(['cancelled', 'bad-parameter', 'not-found']);

async function record(path: string, report: Parameters<typeof toCheckRecord>[0]): Promise<string[]> {
	try {
		await recordChecks(path, 'drill', toCheckRecord(report));
		return [];
	} catch (error) {
		return [`The result could not be written into the manifest: ${errorMessage(error)}`];
	}
}

async function drillInScratch(
	request: ArchiveDrillRequest,
	manifest: Manifest | undefined,
	signal: AbortSignal,
): Promise<CheckResult[]> {
	const { artifactPath, keys, maxBytes = defaultMaxBytes, onProgress } = request;
	const compression = manifest?.compression ?? (await sniffCompression(artifactPath, { keys }));
	await using place = await makeScratch(request.root);
	const scratch = place.path;
	const step = `Taking the databases out of ${basename(artifactPath)}`;
	const onBytes = (rawBytes: number) => onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes });
	const taken = await takeDatabases({ artifactPath, compression, keys, scratch, maxBytes, onBytes }, signal);
	const missing = missingDatabases(taken, manifest);
	if (taken.databases.length + missing.length === 0) throw noDatabase(artifactPath);
	const checks = [checkChecksum(taken, manifest), ...missing];
	for (const database of taken.databases) {
		const found = await checkDatabase(database, { request, manifest, key: taken.key }, signal);
		const suffix = taken.databases.length > 1 ? ` of ${database.path}` : '';
		checks.push(...found.map((one) => ({ ...one, check: `${one.check}${suffix}` })));
	}
	return checks;
}

function censusOf(manifest: Manifest | undefined): DatabaseCensus[] {
	return manifest?.census.kind === 'tar' ? (manifest.census.databases ?? []) : [];
}

function missingDatabases({ databases }: Taken, manifest: Manifest | undefined): CheckResult[] {
	const taken = new Set(databases.map(({ path }) => path));
	return censusOf(manifest)
		.filter(({ path }) => !taken.has(path))
		.map(({ path }) => ({
			check: 'database',
			result: 'failed',
			detail: `${path} was archived as a database and is none in the archive.`,
		}));
}

function noDatabase(path: string): BackupError {
	return new BackupError('unsupported', `${path} holds no SQLite database that could be opened`, {
		advice: 'Verify says whether it is whole; drill the backup of the database that this n8n uses',
	});
}

interface Surroundings {
	request: ArchiveDrillRequest;
	manifest: Manifest | undefined;
	key: string | undefined;
}

async function checkDatabase(
	{ path, location }: TakenDatabase,
	{ request, manifest, key }: Surroundings,
	signal: AbortSignal,
): Promise<CheckResult[]> {
	const args = ['--disable-warning=ExperimentalWarning', join(__dirname, 'openProcess.js'), location];
	const opened = JSON.parse(await runProgram(process.execPath, args, {}, signal)) as OpenedDatabase;
	const census = censusOf(manifest).find((database) => database.path === path);
	const checks = [...opened.checks, checkRows(opened, census)];
	if (!opened.credentials) return checks;
	const n8nKeys = keysFor(request, key, signal);
	return [...checks, { check: 'credential', ...(await judgeCredentials(opened.credentials, n8nKeys)) }];
}

function checkRows({ tables }: OpenedDatabase, census: DatabaseCensus | undefined): CheckResult {
	const check = 'rows';
	if (!tables) return { check, result: 'unknown', detail: 'Its tables cannot be read.' };
	const counted = census?.tables;
	if (!counted)
		return {
			check,
			result: 'unknown',
			detail: 'How many there should be was not counted when it was archived.',
		};
	const names = [...new Set([...Object.keys(counted), ...Object.keys(tables)])].sort();
	const differences = names
		.filter((name) => counted[name] !== tables[name])
		.map(
			(name) => `${name} has ${tables[name] ?? 'no table'} where ${counted[name] ?? 'no table'} was counted`,
		);
	if (differences.length > 0) return { check, result: 'failed', detail: `${differences.join('; ')}.` };
	const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
	return {
		check,
		result: 'passed',
		detail: `All ${names.length} tables have the ${rows} rows that were archived.`,
	};
}

/** The key that lies beside the database first; then those of other backups. */
async function* keysFor(
	{ artifactPath, root, timeZone, keys }: ArchiveDrillRequest,
	key: string | undefined,
	signal: AbortSignal,
): AsyncGenerator<FoundKey> {
	const artifact = basename(artifactPath);
	if (key !== undefined) yield { key, artifact };
	for await (const found of findEncryptionKeys({ root, timeZone, keys }, signal)) {
		if (found.artifact !== artifact || found.key !== key) yield found;
	}
}
