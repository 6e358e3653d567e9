import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../errors';
import { keyFromConfig } from './encryptionKey';

/**
 * What n8n's environment variables say, read as n8n reads them (@n8n/config): where a variable is not set, the file that
 * `NAME_FILE` names holds its value.
 */

/**
 * One variable; undefined where neither it nor its file is set.
 *
 * @throws BackupError when its file cannot be read
 */
export async function n8nVariable(env: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
	if (env[name] !== undefined) return env[name];
	const path = env[`${name}_FILE`];
	if (path === undefined || path === '') return undefined;
	try {
		return (await readFile(path, 'utf8')).trim();
	} catch (error) {
		throw fileError(error, path);
	}
}

/** The same; undefined also where it is empty. */
export async function filledVariable(env: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
	const value = await n8nVariable(env, name);
	return value === '' ? undefined : value;
}

/** Whether a variable says yes, in one of n8n's words. */
export function isOn(value: string | undefined): boolean {
	return value !== undefined && /^\s*(?:true|1)\s*$/i.test(value);
}

/** Whether n8n keeps its data in PostgreSQL; in SQLite, in its data folder, otherwise. */
export function usesPostgres(env: NodeJS.ProcessEnv): boolean {
	return env.DB_TYPE === 'postgresdb';
}

/** Whether workers run n8n's executions, which Redis hands to them. */
export function usesQueue(env: NodeJS.ProcessEnv): boolean {
	return env.EXECUTIONS_MODE === 'queue';
}

/** Where n8n keeps its config with the key, its SQLite database and its binary data. */
export function n8nDataFolder(env: NodeJS.ProcessEnv): string {
	const home = env.N8N_USER_FOLDER ?? '';
	return join(home === '' ? (env.HOME ?? homedir()) : home, '.n8n');
}

/**
 * n8n's encryption key as n8n itself finds it: in the environment, then in `config` in its data folder. Undefined where
 * neither is there, or can be read. It must not get into any log, error, manifest or item.
 */
export async function n8nEncryptionKey(
	env: NodeJS.ProcessEnv,
	dataFolder = n8nDataFolder(env),
): Promise<string | undefined> {
	try {
		const given = await filledVariable(env, 'N8N_ENCRYPTION_KEY');
		return given ?? keyFromConfig(await readFile(join(dataFolder, 'config'), 'utf8'));
	} catch {
		return undefined;
	}
}

/** The instance id that an n8n with this key gives itself (n8n-core, `InstanceSettings`). */
export function instanceIdOf(encryptionKey: string): string {
	const half = encryptionKey.slice(Math.round(encryptionKey.length / 2));
	return createHash('sha256').update(half).digest('hex');
}
