import { countKeys, parseInfo } from '../../../core/redis/serverFacts';

describe('INFO', () => {
	const info = parseInfo(
		'# Server\r\nredis_version:7.0.15\r\nexecutable:/usr/bin/redis-server:old\r\n\r\n# Keyspace\r\n' +
			'db0:keys=12,expires=3,avg_ttl=7\r\ndb15:keys=30,expires=0,avg_ttl=0\r\n',
	);

	it('is read without its headings', () => {
		expect([...info.keys()]).toEqual(['redis_version', 'executable', 'db0', 'db15']);
	});

	it('keeps colons within values', () => {
		expect(info.get('executable')).toBe('/usr/bin/redis-server:old');
	});

	it('tells the keys of all databases together', () => {
		expect(countKeys(info)).toBe(42);
	});
});
