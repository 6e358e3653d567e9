import { replyError } from '../../../core/redis/redisError';
import { ReplyError } from '../../../core/redis/protocol/resp';

const connection = { host: 'redis', port: 6379, user: 'n8n', password: 'hunter2' };
const explain = (answer: string, command = 'INFO') => replyError(new ReplyError(answer), connection, command);

describe('What a server answers', () => {
	it.each([
		['WRONGPASS invalid username-password pair or user is disabled.', 'auth'],
		['ERR invalid password', 'auth'],
		['ERR Client sent AUTH, but no password is set', 'auth'],
		['NOAUTH Authentication required.', 'auth'],
		["NOPERM this user has no permissions to run the 'sync' command", 'not-permitted'],
		['DENIED Redis is running in protected mode', 'not-permitted'],
		["ERR unknown command 'SYNC'", 'unsupported'],
		['LOADING Redis is loading the dataset in memory', 'server'],
		['MASTERDOWN Link with MASTER is down', 'server'],
		['ERR max number of clients reached', 'server'],
		['ERR something nobody foresaw', 'server'],
		["OOM command not allowed when used memory > 'maxmemory'.", 'server'],
		["READONLY You can't write against a read only replica.", 'server'],
		['NOREPLICAS Not enough good replicas to write.', 'server'],
		['BUSY Redis is busy running a script.', 'server'],
		['MISCONF Redis is configured to save RDB snapshots', 'server'],
	])('«%s» is an error of kind %s with advice', (answer, code) => {
		const error = explain(answer);
		expect(error).toMatchObject({ code });
		expect(error.what).toContain('Redis at redis:6379');
		expect(error.advice).not.toBe('');
	});

	it.each([
		"ERR unknown command 'SYNC', with args beginning with: ",
		'ERR unknown command `SYNC`',
		"ERR Command is not available: 'SYNC'. See https://upstash.com/docs/redis/overall/rediscompatibility for details",
		'ERR command is not allowed',
		"ERR unsupported command 'sync'",
		"ERR command 'SYNC' not support for normal user",
		'ERR This operation is disabled by the provider',
		'FORBIDDEN replication is for our own staff',
	])('to SYNC, «%s» is how a service says that it does not offer it', (answer) => {
		const error = explain(answer, 'SYNC');
		expect(error).toMatchObject({ code: 'unsupported' });
		expect(error.advice).toMatch(/^Managed services .* have snapshots of their own/);
	});

	it.each(['ERR BGSAVE failed, replication can’t continue', "ERR Can't SYNC while failing over"])(
		'to SYNC, «%s» is no refusal for ever',
		(answer) => expect(explain(answer, 'SYNC')).toMatchObject({ code: 'server' }),
	);

	it('is passed on in its own words where nobody foresaw it', () => {
		expect(explain('ERR something nobody foresaw').message).toContain(
			'Redis at redis:6379 answered INFO with: ERR something nobody foresaw.',
		);
	});

	it('tells users from passwords on servers before version 6', () => {
		expect(explain("ERR wrong number of arguments for 'auth' command", 'AUTH').message).toBe(
			'Redis at redis:6379 is older than Redis 6 and knows no users. Clear the user in the Redis credential; the password alone is enough.',
		);
	});

	it('never carries the password, even where the server repeats it', () => {
		const error = explain("ERR odd, with args beginning with: 'n8n' 'hunter2'", 'AUTH');
		expect(error.message).not.toContain('hunter2');
		expect((error.cause as ReplyError).message).not.toContain('hunter2');
	});
});
