import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { OpenSource, SourceFacts } from '../../../core/artifact/source';
import type { RedisConnection } from '../../../core/redis/connection';
import { startRedis, type RedisOptions, type RedisServer } from '../../../lab/servers/redis';

const servers: RedisServer[] = [];
const folders: string[] = [];

/** A server that ends with the test; DEBUG is permitted, for digests. */
export async function start(options: RedisOptions = {}): Promise<RedisServer> {
	const config = { 'enable-debug-command': 'yes', ...options.config };
	const server = await startRedis({ ...options, config });
	servers.push(server);
	return server;
}

export async function startOn(rdbPath: string, options: RedisOptions = {}): Promise<RedisServer> {
	return await start({ ...options, rdb: { dir: dirname(rdbPath), file: basename(rdbPath) } });
}

export async function folder(): Promise<string> {
	const path = await mkdtemp(join(tmpdir(), 'redis-test-'));
	folders.push(path);
	return path;
}

const relays: Server[] = [];

/** A way to a server through another port, on which `change` may change what clients say, piece by piece. */
export async function relayTo(
	{ host, port, password }: RedisServer,
	change: (bytes: string) => string = (bytes) => bytes,
	listenHost = '127.0.0.1',
): Promise<RedisConnection> {
	const relay = createServer((client) => {
		const server = connect(port, host);
		client.on('data', (bytes: Buffer) => server.write(change(bytes.toString('latin1')), 'latin1'));
		server.pipe(client);
		for (const [one, other] of [
			[client, server],
			[server, client],
		] as const) {
			one.on('error', () => {});
			one.on('close', () => other.destroy());
		}
	});
	relays.push(relay);
	relay.listen(0, listenHost);
	await once(relay, 'listening');
	return { host: listenHost, port: (relay.address() as AddressInfo).port, password };
}

export async function cleanUp(): Promise<void> {
	relays.splice(0).forEach((relay) => relay.close());
	await Promise.all(servers.splice(0).map((server) => server.kill()));
	await Promise.all(folders.splice(0).map((path) => rm(path, { recursive: true, force: true })));
}

export const connectionTo = ({ host, port, password }: RedisServer): RedisConnection => ({
	host,
	port,
	password,
});

export const untilTrue = async (holds: () => Promise<boolean>): Promise<void> => {
	while (!(await holds())) await wait(20);
};

/** Matches any text with this in it. */
export const containing = (text: string): unknown => expect.stringContaining(text);

export const never = new AbortController().signal;

/** A hash over every key, type, value and time to live of all databases. */
export const digest = (server: RedisServer) => server.cli('DEBUG', 'DIGEST');

export const info = async (server: RedisServer, name: string) =>
	new RegExp(`^${name}:(.*)$`, 'm').exec(await server.cli('INFO'))?.[1]?.trim();

/** Every type in its small and its large encoding, several databases, times to live, a stream with a group. */
export async function fill(server: RedisServer): Promise<void> {
	const lines: string[] = [];
	const many = (count: number, line: (i: number) => string) => {
		for (let i = 0; i < count; i++) lines.push(line(i));
	};
	many(200, (i) => `SET text:${i} "${'n8n '.repeat(i)}"`);
	many(50, (i) => `SET number:${i} ${i ** 6}`);
	many(20, (i) => `SET soon:${i} v PX ${3_600_000 + i}`);
	many(10, (i) => `RPUSH list:small a${i} ${i}`);
	many(300, (i) => `RPUSH list:large ${`element ${i} `.repeat(40).replaceAll(' ', '_')}`);
	many(10, (i) => `SADD set:int ${i}`);
	many(10, (i) => `SADD set:small m${i}`);
	many(600, (i) => `SADD set:large member:${i}`);
	many(10, (i) => `ZADD zset:small ${i}.5 m${i}`);
	many(600, (i) => `ZADD zset:large ${i / 7} member:${i}`);
	many(10, (i) => `HSET hash:small f${i} v${i}`);
	many(600, (i) => `HSET hash:large field:${i} value:${i}`);
	many(300, (i) => `XADD stream * field ${i}`);
	lines.push('XGROUP CREATE stream workers 0', 'XREADGROUP GROUP workers one COUNT 30 STREAMS stream >');
	lines.push('SELECT 7', 'SET elsewhere yes', 'PFADD hyperloglog a b c', 'SETBIT bits 4000 1');
	await server.pipe(`${lines.join('\n')}\n`);
}

export interface Snapshot {
	path: string;
	facts: SourceFacts;
}

/** Takes a snapshot into a file, as the artifact pipeline would. */
export async function snapshot(openSource: OpenSource, signal: AbortSignal = never): Promise<Snapshot> {
	const path = join(await folder(), 'dump.rdb');
	const source = await openSource(signal);
	const [facts] = await Promise.all([source.finished, pipeline(source.stream, createWriteStream(path))]);
	return { path, facts };
}

/** Leaves a server as a restore does that was killed while it sent: marked, and a replica of nobody. */
export async function leaveBehind(cli: (args: [string, ...string[]]) => Promise<string>): Promise<void> {
	const begunAt = Math.floor(Date.now() / 1000) - 60;
	const mark = { host: '127.0.0.1', port: '1', begunAt, comeBy: begunAt + 20 };
	await cli(['SET', 'n8n-nodes-backup:restoring', JSON.stringify(mark), 'EX', '600']);
	await cli(['REPLICAOF', mark.host, mark.port]);
}
