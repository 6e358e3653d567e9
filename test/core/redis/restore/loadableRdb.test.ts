import type { RdbFacts } from '../../../../core/redis/rdb/rdbInspector';
import { canLoad } from '../../../../core/redis/restore/loadableRdb';

const redis = (version: string) => new Map([['redis_version', version]]);
// Valkey tells the Redis version that it is compatible with as well.
const valkey = (version: string) => new Map([...redis('7.2.4'), ['valkey_version', version]]);
const file = (magic: 'REDIS' | 'VALKEY', version: number) =>
	({ magic, version, keys: 1, aux: {} }) as RdbFacts;

describe('Whether a server can load an RDB', () => {
	it.each([
		['6.2.14', 9, 10],
		['7.0.15', 10, 11],
		['7.2.4', 11, 12],
		['7.4.1', 12, 13],
		['8.4.0', 12, 13],
		['8.6.0', 13, 14],
		['8.10.1', 15, 16],
		['12.0.0', 15, 16],
	])('Redis %s reads version %i and not %i', (version, newest, tooNew) => {
		expect(canLoad(redis(version), file('REDIS', newest))).toBe(true);
		expect(canLoad(redis(version), file('REDIS', tooNew))).toBe(false);
	});

	it('Valkey 9 reads its own and what Redis 7.2 wrote', () => {
		expect(canLoad(valkey('9.0.1'), file('VALKEY', 80))).toBe(true);
		expect(canLoad(valkey('9.0.1'), file('REDIS', 11))).toBe(true);
		expect(canLoad(valkey('9.0.1'), file('REDIS', 12))).toBe(false);
	});

	it('Valkey 8 and Redis do not read what Valkey 9 wrote', () => {
		expect(canLoad(valkey('8.1.0'), file('VALKEY', 80))).toBe(false);
		expect(canLoad(redis('8.10.0'), file('VALKEY', 80))).toBe(false);
	});

	it('a file with unknown types is for servers no older than its writer', () => {
		const unknown = { ...file('REDIS', 10), keys: undefined, aux: { 'redis-ver': '7.0.15' } };
		expect(canLoad(redis('7.0.2'), unknown)).toBe(true);
		expect(canLoad(redis('7.2.0'), unknown)).toBe(true);
		expect(canLoad(redis('6.2.0'), unknown)).toBe(false);
		expect(canLoad(redis('7.2.0'), { ...unknown, aux: {} })).toBe(false);
	});

	it('a server that does not tell its version is not trusted', () => {
		expect(canLoad(new Map(), file('REDIS', 6))).toBe(false);
	});
});
