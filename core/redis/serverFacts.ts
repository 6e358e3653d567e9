import type { RedisCommands } from './protocol/client';

/** What a server says of itself, as far as it lets us ask. */
export interface ServerFacts {
	/** Sections of `INFO` as one map; empty where INFO is not permitted. */
	info: Map<string, string>;
	/** `7.0.15`, or `valkey 8.1.0` where the server is a Valkey. */
	version?: string;
	/** Keys of all databases together, expired ones that were not yet removed included. */
	keys?: number;
	cluster: boolean;
}

/**
 * Asks for the sections that this package uses. A user without the right to run INFO gets facts with nothing in
 * them rather than an error: a snapshot can do without.
 */
export async function readServerFacts(client: RedisCommands): Promise<ServerFacts> {
	const reply = await client.ask('INFO');
	const info = typeof reply === 'string' ? parseInfo(reply) : new Map<string, string>();
	return {
		info,
		version: serverVersion(info),
		keys: info.size > 0 ? countKeys(info) : undefined,
		cluster: info.get('cluster_enabled') === '1',
	};
}

/** What `INFO` says, of one section or of all. */
export async function readInfo(client: RedisCommands, ...section: string[]): Promise<Map<string, string>> {
	const answer = await client.command('INFO', ...section);
	return parseInfo(typeof answer === 'string' ? answer : '');
}

/** `name:value` lines; headings and empty lines are left out. */
export function parseInfo(text: string): Map<string, string> {
	const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
	return new Map(
		lines.map((line) => {
			const colon = line.indexOf(':');
			return [line.slice(0, colon), line.slice(colon + 1)];
		}),
	);
}

function serverVersion(info: Map<string, string>): string | undefined {
	const valkey = info.get('valkey_version');
	return valkey === undefined ? info.get('redis_version') : `valkey ${valkey}`;
}

/** The sum over lines such as `db0:keys=12,expires=0,avg_ttl=0`. */
export function countKeys(info: Map<string, string>): number {
	return [...info]
		.filter(([name]) => /^db\d+$/.test(name))
		.reduce((sum, [, value]) => sum + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0), 0);
}
