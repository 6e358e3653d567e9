import { constants } from 'node:fs';
import {
	access,
	type FileHandle,
	open,
	readdir,
	readFile,
	realpath,
	stat,
	statfs,
	unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { components, newestOfEach, readCatalog } from '../artifact';
import { BackupError, errorCode, fileError } from '../errors';
import { AtomicFile } from '../files/atomicFile';
import { syncDirectory } from '../files/durable';
import { Refusals } from '../files/refusals';
import { keyFromConfig, keyFromEnvFile, longestKeyFileBytes } from '../n8n/encryptionKey';
import { formatBytes, plural } from '../units';
import { copyFile } from '../volume/copyFile';
import { OpenFiles } from '../volume/pack/openFiles';
import type { Permit } from './fileAccess';
import { attempt, failed, type Finding, passed, unknown } from './finding';

/** Writes a file as a backup is written, syncs and renames it, reads it back and removes it; in every component’s place. */
export async function checkBackupDirectory(named: string, permit: Permit): Promise<Finding> {
	const check = 'backup directory';
	return await attempt(check, async () => {
		const root = await permit(named);
		const entries = await namesIn(root);
		const places = [
			root,
			...components.filter((name) => entries.includes(name)).map((name) => join(root, name)),
		];
		const refusals = new Refusals();
		for (const place of places) await tryWriting(place, refusals);
		const warnings = refusals.warnings(root);
		const tried = `A file was written, synced, renamed, read back and removed in ${places.join(', ')}.`;
		const advice = warnings.length === 0 ? '' : 'See that only n8n may read that disk.';
		return passed(check, [tried, ...warnings].join(' '), advice);
	});
}

async function tryWriting(directory: string, refusals: Refusals): Promise<void> {
	const path = join(directory, `setup-check-${process.pid}`);
	const line = 'Written by the set-up check of n8n-nodes-backup; it may be deleted.\n';
	// A disk that is full still has room for a line.
	const text = line.repeat(4096);
	try {
		await using file = await AtomicFile.create(path, { refusals, replace: true });
		await file.write(text);
		await file.commit();
		if ((await readFile(path, 'utf8')) !== text)
			throw new Error('What was written was not what was read back');
		await unlink(path);
		await syncDirectory(directory);
	} catch (error) {
		throw fileError(error, path);
	}
}

/** Nights below which a disk counts as full. */
const fewNights = 3;

/** How many more nights fit, by what the newest good backup of each series takes. */
export async function checkSpace(named: string, timeZone: string, permit: Permit): Promise<Finding> {
	const check = 'free space';
	return await attempt(check, async () => {
		const root = await permit(named);
		const { bavail, bsize } = await statfs(root).catch((error: unknown) => {
			throw fileError(error, root);
		});
		const free = bavail * bsize;
		const entries = await readCatalog({ root, timeZone });
		const good = newestOfEach(entries.filter(({ state }) => state === 'good'));
		const night = good.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
		const found = `${formatBytes(free)} free`;
		if (night === 0) return unknown(check, `${found}; how much a night takes is known after the first one.`);
		const nights = Math.floor(free / night);
		const lasts = `${found}: enough for ${plural(nights, 'night')} of ${formatBytes(night)}.`;
		if (nights >= fewNights) return passed(check, lasts);
		return failed(check, lasts, 'Free space there, keep fewer backups, or use a larger disk.');
	});
}

/** Entries of a directory that are opened, at most. */
const mostEntries = 2000;

/** What a look at something that is to be backed up found, and n8n's key where it is in there. */
export interface SourceLook {
	finding: Finding;
	key?: string;
}

/** Opens what is in a directory, as far as it takes no long time. */
export async function checkDataFolder(named: string | undefined, permit: Permit): Promise<SourceLook> {
	const check = 'data folder';
	if (named === undefined) return { finding: unknown(check, 'None was named.') };
	let key: string | undefined;
	const finding = await attempt(check, async () => {
		const directory = await permit(named);
		const opened = await openAll(directory);
		key = await keyIn(join(directory, 'config'));
		const all =
			opened < mostEntries ? `all ${plural(opened, 'entry', 'entries')}` : `the first ${opened} entries`;
		const what = `${directory} can be read: ${all} were opened.`;
		return opened === 0
			? failed(check, `${directory} is empty.`, 'Mount n8n’s data volume there, read-only.')
			: passed(check, what);
	});
	return { finding, key };
}

async function openAll(directory: string): Promise<number> {
	const openHere = new OpenFiles();
	const waiting = [directory];
	let opened = 0;
	for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
		for (const name of await namesIn(place)) {
			if (opened === mostEntries) return opened;
			opened++;
			const path = join(place, name);
			if (await openEntry(path, openHere)) waiting.push(path);
		}
	}
	return opened;
}

/**
 * Leaves alone what this process has open, n8n's own database first of all: closing it would drop n8n's locks on it, and
 * who asks for the database then takes it for nobody's.
 *
 * @returns whether it is a directory; what has gone meanwhile is none
 */
async function openEntry(path: string, openHere: OpenFiles): Promise<boolean> {
	let handle: FileHandle | undefined;
	try {
		const found = await stat(path);
		if (found.isDirectory()) return true;
		if (openHere.has(await realpath(path))) await access(path, constants.R_OK);
		else if (found.isFile()) handle = await open(path, 'r');
	} catch (error) {
		// A link to nothing is archived as a link.
		if (errorCode(error) !== 'ENOENT') throw fileError(error, path);
	} finally {
		await handle?.close();
	}
	return false;
}

async function keyIn(config: string): Promise<string | undefined> {
	return await readFile(config, 'utf8').then(keyFromConfig, () => undefined);
}

/** Reads a file as Copy File reads it, to its end. */
export async function checkFile(named: string, permit: Permit, signal: AbortSignal): Promise<SourceLook> {
	const check = `file ${named}`;
	let key: string | undefined;
	const finding = await attempt(check, async () => {
		const path = await permit(named);
		const { bytes, isSmall, text } = await readAsBackup(path, signal);
		key = isSmall ? keyFromEnvFile(text) : undefined;
		const holds = key === undefined ? '' : ', with N8N_ENCRYPTION_KEY';
		return passed(check, `${path} was read: ${formatBytes(bytes)}${holds}.`);
	});
	return { finding, key };
}

async function readAsBackup(path: string, signal: AbortSignal) {
	const source = await copyFile({ path })(signal);
	const chunks: Buffer[] = [];
	let bytes = 0;
	source.stream.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
		if (bytes <= longestKeyFileBytes) chunks.push(chunk);
	});
	await Promise.all([source.finished, finished(source.stream)]);
	return { bytes, isSmall: bytes <= longestKeyFileBytes, text: Buffer.concat(chunks).toString() };
}

async function namesIn(directory: string): Promise<string[]> {
	try {
		return await readdir(directory);
	} catch (error) {
		if (errorCode(error) !== 'ENOENT') throw fileError(error, directory);
		throw new BackupError('not-found', `${directory} does not exist`, {
			advice: 'Create it, or mount it into the container of n8n and of every worker',
			cause: error,
		});
	}
}
