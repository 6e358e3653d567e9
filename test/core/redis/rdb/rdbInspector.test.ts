import { Readable } from 'node:stream';
import { inspectRdb } from '../../../../core/redis/rdb/inspectRdb';
import { RdbInspector } from '../../../../core/redis/rdb/rdbInspector';
import { aux, byte, compressed, eight, key, length, rdb, selectDb, string } from './rdbBuilder';

function inspect(bytes: Buffer, chunkBytes = bytes.length) {
	const inspector = new RdbInspector();
	for (let at = 0; at < bytes.length; at += chunkBytes) inspector.update(bytes.subarray(at, at + chunkBytes));
	return inspector.finish();
}

/** `TestType1` as `module.c` packs it into 54 bits, above version 3. */
const moduleId = Array.from('TestType1').reduce((id, character) => {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
	return (id << 6n) | BigInt(alphabet.indexOf(character));
}, 0n);
const moduleValue = Buffer.concat([
	length((moduleId << 10n) | 3n),
	...[byte(1), length(2n ** 63n), byte(2), length(7), byte(3), Buffer.alloc(4), byte(4), eight(), byte(5)],
	...[string('text'), byte(0)],
]);

const streamHead = [
	length(1),
	string('0123456789abcdef'),
	string('listpack'),
	length(1),
	length(5),
	length(0),
];
const streamMeta = [length(1), length(0), length(0), length(0), length(9)];
const pending = [length(1), Buffer.alloc(16), eight(), length(2)];

/** One key of every kind of layout; each is followed by another, so a wrong step shows. */
const everything: Buffer[] = [
	aux('redis-ver', '7.0.15'),
	Buffer.concat([byte(250), string('ctime'), byte(0xc2, 1, 2, 3, 4)]),
	Buffer.concat([byte(250), string('long'), compressed(200)]),
	Buffer.concat([byte(245), string('#!lua name=lib')]),
	Buffer.concat([
		byte(247),
		length((moduleId << 10n) | 3n),
		byte(2),
		length(1),
		byte(5),
		string('x'),
		byte(0),
	]),
	selectDb(0),
	Buffer.concat([byte(251), length(100), length(3)]),
	key(0, 'plain', string('value')),
	key(0, 'large', string('x'.repeat(3_000))),
	key(0, 'integers', byte(0xc0, 1)),
	key(0, 'sixteen', byte(0xc1, 1, 1)),
	key(0, 'thirty-two', byte(0xc2, 1, 1, 1, 1)),
	key(0, 'packed', compressed(300)),
	Buffer.concat([byte(252), eight(), byte(249, 5), key(0, 'expiring', string('v'))]),
	Buffer.concat([byte(253), Buffer.alloc(4), byte(248), length(500), key(0, 'soon', string('v'))]),
	key(1, 'list', length(2), string('a'), string('b')),
	key(2, 'set', length(70), ...Array.from({ length: 70 }, (_, i) => string(`member ${i}`))),
	key(
		3,
		'old zset',
		length(3),
		string('a'),
		byte(3),
		Buffer.from('1.5'),
		string('b'),
		byte(254),
		string('c'),
		byte(253),
	),
	key(4, 'hash', length(1), string('field'), string('value')),
	key(5, 'zset', length(1), string('member'), eight()),
	key(7, 'module', moduleValue),
	...[9, 10, 11, 12, 13, 16, 17, 20].map((type) => key(type, `packed ${type}`, string('packed bytes'))),
	key(14, 'quicklist', length(2), string('ziplist'), compressed(100)),
	key(18, 'quicklist 2', length(2), length(1), string('plain'), length(2), string('listpack')),
	key(15, 'stream', ...streamHead, length(1), string('g'), length(0), length(0), ...pending),
];
const streamConsumers = {
	1: [length(1), string('consumer'), eight(), length(1), Buffer.alloc(16)],
	3: [length(1), string('consumer'), eight(), eight(), length(1), Buffer.alloc(16)],
};
everything.push(
	...streamConsumers[1],
	key(19, 'stream 2', ...streamHead, ...streamMeta, length(1), string('g'), length(0), length(0), length(1)),
	...pending,
	...streamConsumers[1],
	key(21, 'stream 3', ...streamHead, ...streamMeta, length(1), string('g'), length(0), length(0), length(1)),
	...pending,
	...streamConsumers[3],
	selectDb(900),
	Buffer.concat([byte(244), length(1), length(2), length(3)]),
	key(0, 'elsewhere', string('v')),
);
const ofRedis = [
	...everything,
	key(
		24,
		'fields expire',
		eight(),
		length(2),
		length(1),
		string('f'),
		string('v'),
		length(0),
		string('g'),
		string('w'),
	),
	key(25, 'fields expire, packed', eight(), string('listpack')),
];
const ofValkey = [
	...everything,
	Buffer.concat([byte(243), string('job'), length(1), length(0), length(16383)]),
	key(22, 'fields expire', length(1), string('f'), string('v'), eight()),
];

describe('An RDB', () => {
	const whole = rdb(ofRedis);

	it.each([1, 2, 3, 7, 63, 64, 65, 100, 1000, 65536])(
		'is followed key by key in chunks of %i bytes',
		(size) => {
			const facts = inspect(whole, size);
			expect(facts).toMatchObject({
				magic: 'REDIS',
				version: 10,
				bytes: whole.length,
				checksum: 'verified',
				keys: 30,
				expiring: 2,
				databases: { 0: 27, 900: 3 },
				modules: ['TestType1'],
				warnings: [],
			});
			expect(facts.aux).toEqual({ 'redis-ver': '7.0.15', ctime: String(0x04030201) });
		},
	);

	it('of Valkey 9 is followed by Valkey’s own numbers', () => {
		expect(inspect(rdb(ofValkey, { head: 'VALKEY080' }))).toMatchObject({
			magic: 'VALKEY',
			version: 80,
			keys: 29,
		});
	});

	it('without keys is whole', () => {
		expect(inspect(rdb([aux('redis-ver', '7.0.15')]))).toMatchObject({ keys: 0, checksum: 'verified' });
	});

	it('with a zero in place of the checksum is accepted, and that is said', () => {
		const facts = inspect(rdb(ofRedis, { checksum: 'zero' }));
		expect(facts).toMatchObject({ checksum: 'absent', keys: 30 });
		expect(facts.warnings).toEqual([
			'The server wrote no checksum (rdbchecksum no): the structure is proven, the bytes of the values are not',
		]);
	});

	it('of a version before checksums is accepted without', () => {
		expect(
			inspect(rdb([selectDb(0), key(0, 'a', string('b'))], { head: 'REDIS0003', checksum: 'none' })),
		).toMatchObject({
			checksum: 'absent',
			keys: 1,
		});
	});

	it('of an unknown newer kind stands by its checksum, and its keys are not counted', () => {
		const facts = inspect(
			rdb([key(0, 'a', string('b')), key(99, 'new', string('?'))], { head: 'REDIS0042' }),
		);
		expect(facts).toMatchObject({ checksum: 'verified', keys: undefined });
		expect(facts.warnings).toEqual([
			'The structure was followed for 1 keys only: type 99 at byte 14 is not known to this version of the package',
		]);
	});
});

describe('A broken RDB', () => {
	const whole = rdb(ofRedis);

	it('with one flipped bit is found, wherever it is', () => {
		for (let at = 0; at < whole.length; at++) {
			// Within the long plain value every place is like every other.
			if (at > 1000 && at < 3_000) continue;
			const flipped = Buffer.from(whole);
			flipped[at]! ^= 1 << (at % 8);
			expect(() => inspect(flipped)).toThrow(/RDB|REDIS or VALKEY/);
		}
	});

	it('with a flipped bit in a value says that the checksum does not hold', () => {
		const flipped = Buffer.from(whole);
		flipped[whole.indexOf('xxxx') + 500]! ^= 4;
		expect(() => inspect(flipped)).toThrow(
			`The RDB’s checksum does not hold: some of its ${whole.length} bytes are not what the server wrote. ` +
				'Do not rely on this file; take the snapshot again, or go back to an older one that verifies.',
		);
	});

	it('cut at any point is found', () => {
		for (let size = 0; size < whole.length; size += size > 1000 && size < 3_000 ? 101 : 1) {
			expect(() => inspect(whole.subarray(0, size))).toThrow(/RDB is empty|are no RDB|breaks off|ends after/);
		}
	});

	it('cut in the middle says where it breaks off', () => {
		expect(() => inspect(whole.subarray(0, 1500))).toThrow(
			'The RDB breaks off after 1500 bytes, near key 2: it was cut, or a length in it was changed.',
		);
	});

	it('cut within the checksum says so', () => {
		expect(() => inspect(whole.subarray(0, -3))).toThrow(
			/^The RDB ends after \d+ bytes, within the checksum/,
		);
	});

	it('cut without a checksum is found by its structure', () => {
		const unproven = rdb(ofRedis, { checksum: 'zero' });
		expect(() => inspect(unproven.subarray(0, 1500))).toThrow(/breaks off after 1500 bytes/);
	});

	it('with something behind its end is found', () => {
		expect(() => inspect(Buffer.concat([whole, Buffer.from('more')]))).toThrow(
			'The RDB goes on for 4 bytes behind its end.',
		);
	});

	it('that is empty or something else is told apart', () => {
		expect(() => inspect(Buffer.alloc(0))).toThrow('The RDB is empty.');
		expect(() => inspect(Buffer.from('PostgreSQL database dump'))).toThrow(
			'The bytes are no RDB: they do not begin with REDIS or VALKEY and a version.',
		);
	});
});

describe('inspectRdb', () => {
	it('reads a stream to its end', async () => {
		const facts = await inspectRdb(Readable.from([rdb(ofRedis)]), new AbortController().signal);
		expect(facts.keys).toBe(30);
	});

	it('stops when the signal fires', async () => {
		const endless = new Readable({ read() {} });
		await expect(inspectRdb(endless, AbortSignal.timeout(10))).rejects.toMatchObject({
			code: 'cancelled',
		});
		expect(endless.destroyed).toBe(true);
	});
});
