import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { gatherBlocks } from '../../../../core/blocks';
import { InspectedRdb } from '../../../../core/redis/rdb/inspectedRdb';
import { RdbInspector } from '../../../../core/redis/rdb/rdbInspector';
import { expectSameBytes } from '../../../support/sameBytes';
import { key, rdb, selectDb, string } from './rdbBuilder';

const sound = rdb([
	selectDb(0),
	...Array.from({ length: 6000 }, (_, index) => key(0, `key ${index}`, string(`${index} `.repeat(500)))),
]);

/** As the socket gives them: each chunk has its memory to itself. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
	for (let at = 0; at < bytes.length; at += 65_536) {
		const part = bytes.subarray(at, at + 65_536);
		const own = Buffer.allocUnsafeSlow(part.length);
		part.copy(own);
		yield own;
	}
}

const inspected = (bytes: Buffer) =>
	new InspectedRdb(gatherBlocks(Readable.from(chunksOf(bytes)), { ownsChunks: true }));

function factsOf(bytes: Buffer) {
	const inspector = new RdbInspector();
	inspector.take(bytes);
	return inspector.finish();
}

test('an RDB passes as it is, and is known when it has passed', async () => {
	expect(sound.length).toBeGreaterThan(12 * 1024 * 1024);
	const stream = inspected(sound);
	expectSameBytes(await buffer(stream), sound);
	expect(stream.facts).toEqual(factsOf(sound));
});

test('one after the other, each is judged by itself', async () => {
	const other = rdb([selectDb(3), key(0, 'one', string('value'))]);
	for (const bytes of [sound, other, sound]) {
		const stream = inspected(bytes);
		await buffer(stream);
		expect(stream.facts).toEqual(factsOf(bytes));
	}
});

test.each([
	['cut', sound.subarray(0, -9), 'incomplete'],
	[
		'changed',
		Buffer.concat([sound.subarray(0, 9_000_000), Buffer.from('!'), sound.subarray(9_000_001)]),
		'damaged',
	],
	['empty', Buffer.alloc(0), 'damaged'],
])('one that is %s fails before it ends', async (_what, bytes, code) => {
	const stream = inspected(bytes);
	await expect(buffer(stream)).rejects.toMatchObject({ code });
	expect(stream.facts).toBeUndefined();
});

test('what its source fails with it fails with, too', async () => {
	async function* failing() {
		yield* chunksOf(sound);
		await Promise.reject(new Error('The server is gone'));
	}
	await expect(buffer(new InspectedRdb(gatherBlocks(Readable.from(failing()))))).rejects.toThrow(
		'The server is gone',
	);
});

test('one that nobody reads on is given up, and its source with it', async () => {
	const source = Readable.from(chunksOf(sound));
	const stream = new InspectedRdb(gatherBlocks(source, { ownsChunks: true }));
	await stream.nextBlock();
	stream.destroy(new Error('The disk is full'));
	await new Promise((resolve) => source.once('close', resolve));
	expect(source.destroyed).toBe(true);
});
