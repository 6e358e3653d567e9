import { seedRedis } from '../../lab/seed/redisQueue.ts';
import type { RedisServer } from '../../lab/servers/redis.ts';

/**
 * Strings of random letters, made by the server itself: a million commands from outside take longer than all that
 * is measured. Each value is a piece of one long random text, which the RDB's own compression cannot shorten.
 */
const makeStrings = `
	local letters = {}
	local alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
	math.randomseed(42)
	for i = 1, 65536 do
		local at = math.random(#alphabet)
		letters[i] = alphabet:sub(at, at)
	end
	local text = table.concat(letters)
	for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
		local at = math.random(#text - ARGV[3])
		redis.call('SET', 'cache:item:' .. i, text:sub(at, at + ARGV[3] - 1))
	end`;

const stringsPerCall = 50_000;

export interface RedisContent {
	/** Of n8n's queue mode (Bull). */
	jobs: number;
	strings: number;
	bytesPerString: number;
}

/** Fills a server with queue keys and strings. */
export async function fillRedis(server: RedisServer, content: RedisContent): Promise<void> {
	await seedRedis(server, content.jobs);
	for (let first = 1; first <= content.strings; first += stringsPerCall) {
		const last = Math.min(content.strings, first + stringsPerCall - 1);
		await server.cli('EVAL', makeStrings, '0', String(first), String(last), String(content.bytesPerString));
	}
}
