import type { RedisCommands } from './protocol/client';
import type { Reply } from './protocol/resp';

/**
 * One setting of the server; undefined where it does not know it.
 *
 * @throws {BackupError} what the server answered, as where CONFIG is not permitted
 */
export async function readSetting(client: RedisCommands, name: string): Promise<string | undefined> {
	return valueIn(await client.command('CONFIG', 'GET', name));
}

/** One setting; undefined also where CONFIG is not permitted. */
export async function readSettingIfPermitted(
	client: RedisCommands,
	name: string,
): Promise<string | undefined> {
	return valueIn(await client.ask('CONFIG', 'GET', name));
}

function valueIn(reply: Reply): string | undefined {
	const value = Array.isArray(reply) ? reply[1] : undefined;
	return typeof value === 'string' ? value : undefined;
}
