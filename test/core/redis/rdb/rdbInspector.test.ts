import { Readable } from 'node:stream';
import { inspectRdb } from '../../../../core/redis/rdb/inspectRdb';
import { RdbInspector } from '../../../../core/redis/rdb/rdbInspector';
import { aux, byte, compressed, eight, key, length, rdb, selectDb, string } from './rdbBuilder';

function inspect(bytes: Buffer, chunkBytes = bytes.length) {
	const inspector = new RdbInspector();
	for (let at = 0; at < bytes.length; at += chunkBytes) inspector.take(bytes.subarray(at, at + chunkBytes));
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
				highestDatabase: 900,
				emptyKeys: 0,
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

describe('Without a checksum, an RDB with an unknown type', () => {
	const unknownType = [key(0, 'a', string('b')), key(99, 'new', string('?')), key(0, 'c', string('d'))];
	const unproven = (head: string) => rdb(unknownType, { head, checksum: 'zero' });

	it.each(['REDIS0003', 'REDIS0007', 'REDIS0010', 'REDIS0012', 'VALKEY080'])(
		'is damaged where its format %s has no such type',
		(head) => {
			const options = { head, checksum: head === 'REDIS0003' ? ('none' as const) : ('zero' as const) };
			expect(() => inspect(rdb(unknownType, options))).toThrow(
				/^The RDB is damaged at byte 14: format (REDIS|VALKEY) \d+ has no type 99\. Do not rely on this file;/,
			);
		},
	);

	it('of a newer format is not called whole, nor damaged', () => {
		expect(() => inspect(unproven('REDIS0042'))).toThrow(
			'The RDB (format REDIS 42) has no checksum, and its type 99 at byte 14 is not known to this version of the package: ' +
				'nothing proves that it is whole. Update this package, or let the server write checksums',
		);
	});
});

describe('A file that was made to fill memory', () => {
	/** What is known after this many times the parts. */
	function factsOf(parts: (i: number) => Buffer[], count: number) {
		const inspector = new RdbInspector();
		inspector.take(Buffer.from('REDIS0010'));
		for (let from = 0; from < count; from += 1_000) {
			inspector.take(Buffer.concat(Array.from({ length: 1_000 }, (_, i) => parts(from + i)).flat()));
		}
		inspector.take(Buffer.concat([byte(255), Buffer.alloc(8)]));
		return inspector.finish();
	}

	it.each([
		['selections of databases', (i: number) => [selectDb(i), key(0, 'a', string(''))]],
		['facts of the server', (i: number) => [aux(`fact ${i}`, 'x'.repeat(40))]],
		['long facts', (i: number) => [aux(`${i}`, 'x'.repeat(3_000))]],
		['modules', (i: number) => [key(7, 'm', length((BigInt(i) << 10n) | 3n), byte(0))]],
	])('with a hundred thousand %s leaves a few kilobytes of what is known', (_, parts) => {
		expect(JSON.stringify(factsOf(parts, 100_000)).length).toBeLessThan(16_000);
	});

	it('tells the highest database of them all', () => {
		const parts = [1, 7, 3, 7, 2].flatMap((database) => [selectDb(database), key(0, 'a', string('b'))]);
		expect(inspect(rdb(parts))).toMatchObject({ keys: 5, highestDatabase: 7 });
	});

	it.each([
		['string', key(0, 'a', length(2n ** 63n))],
		['compressed string', key(0, 'a', byte(0xc3), length(2n ** 62n), length(1))],
		['name of a key', Buffer.concat([byte(0), length(2n ** 64n - 1n)])],
		['fact', Buffer.concat([byte(250), length(2n ** 60n)])],
	])('with a %s of more bytes than there are is damaged', (_, part) => {
		expect(() => inspect(rdb([part, Buffer.alloc(100)], { checksum: 'zero' }))).toThrow(
			/^The RDB is damaged at byte \d+, near key 0: \d+(\.\d+e\+\d+)? bytes are no length\./,
		);
	});

	it.each([
		['list', 1],
		['hash', 4],
		['list of nodes', 18],
	])('with a %s of more elements than there are bytes ends where the bytes end', (_, type) => {
		const part = key(type, 'a', length(2n ** 63n), Buffer.alloc(1000));
		expect(() => inspect(rdb([part], { checksum: 'zero' }))).toThrow(/^The RDB (is damaged|breaks off)/);
	});
});

describe('Keys without values', () => {
	const listpack = Buffer.from([7, 0, 0, 0, 0, 0, 0xff]);
	const ziplist = Buffer.from([11, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0xff]);
	const packed = (bytes: Buffer) => Buffer.concat([length(bytes.length), bytes]);

	it.each([
		['a list', key(1, 'k', length(0))],
		['a set', key(2, 'k', length(0))],
		['an old sorted set', key(3, 'k', length(0))],
		['a hash', key(4, 'k', length(0))],
		['a sorted set', key(5, 'k', length(0))],
		['a zipmap', key(9, 'k', packed(Buffer.from([0, 0xff])))],
		['a ziplist', key(10, 'k', packed(ziplist))],
		['an intset', key(11, 'k', packed(Buffer.from([2, 0, 0, 0, 0, 0, 0, 0])))],
		['a sorted set as a ziplist', key(12, 'k', packed(ziplist))],
		['a hash as a ziplist', key(13, 'k', packed(ziplist))],
		['a chain without nodes', key(14, 'k', length(0))],
		['a chain of empty nodes', key(14, 'k', length(2), packed(ziplist), packed(ziplist))],
		['a hash as a listpack', key(16, 'k', packed(listpack))],
		['a sorted set as a listpack', key(17, 'k', packed(listpack))],
		['a chain of empty listpacks', key(18, 'k', length(1), length(2), packed(listpack))],
		['a set as a listpack', key(20, 'k', packed(listpack))],
		['a hash whose fields expire', key(24, 'k', eight(), length(0))],
		['the same packed', key(25, 'k', eight(), packed(listpack))],
	])('are told apart: %s', (_, empty) => {
		expect(inspect(rdb([empty, key(0, 'full', string(''))]))).toMatchObject({ keys: 2, emptyKeys: 1 });
	});

	it('are no strings, streams and modules', () => {
		const stream = key(15, 'k', length(0), length(0), length(0), length(0), length(0));
		const parts = [
			key(0, 'k', string('')),
			key(0, 'k', byte(0xc0, 0)),
			stream,
			key(7, 'module', moduleValue),
		];
		expect(inspect(rdb(parts))).toMatchObject({ keys: 4, emptyKeys: 0 });
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
