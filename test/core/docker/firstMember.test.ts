import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { firstMember } from '../../../core/docker/firstMember';
import { makeTar } from '../volume/support/makeTar';

const content = randomBytes(300_000);
const archive = makeTar(
	{ name: 'dump.rdb', content, uid: 999, gid: 998, mode: 0o640 },
	{ name: 'next', content },
);

/** As an engine sends it: in pieces that end anywhere. */
function sent(bytes: Buffer, pieceBytes = 10_001): Readable {
	const count = Math.ceil(bytes.length / pieceBytes);
	const pieces = Array.from({ length: count }, (_, i) =>
		bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
	);
	return Readable.from(pieces, { objectMode: false });
}

async function read(bytes: Buffer, pieceBytes?: number): Promise<Buffer> {
	const member = await firstMember(sent(bytes, pieceBytes));
	const pieces: Buffer[] = [];
	for await (const piece of member.content()) pieces.push(piece);
	return Buffer.concat(pieces);
}

test('the first member comes with its owner, and its content byte by byte, whatever is behind it', async () => {
	expect(await firstMember(sent(archive))).toMatchObject({
		isFile: true,
		size: content.length,
		uid: 999,
		gid: 998,
		mode: 0o640,
	});
	for (const pieceBytes of [1, 511, 512, 513, 65_536, archive.length]) {
		if (pieceBytes > 1) expect((await read(archive, pieceBytes)).equals(content)).toBe(true);
	}
	const small = makeTar({ name: 'small', content: 'x' });
	expect((await read(small, 1)).toString()).toBe('x');
});

test('an empty file has no content, and a directory is no file', async () => {
	expect(await read(makeTar({ name: 'empty' }))).toEqual(Buffer.alloc(0));
	expect(await firstMember(sent(makeTar({ name: './', type: 'directory' })))).toMatchObject({
		isFile: false,
	});
});

test('an archive without members is an error', async () => {
	await expect(firstMember(sent(Buffer.alloc(1024)))).rejects.toThrow('Unrecognized archive format');
	await expect(firstMember(sent(Buffer.alloc(0)))).rejects.toThrow('Unrecognized archive format');
});

test.each([
	['inside of its header', 300],
	['inside of its content', 100_000],
	['between content and padding', 512 + content.length],
	['behind it', 512 + content.length + (-content.length & 511)],
	['in the next one', 512 + content.length + 20_000],
	['before its end mark', archive.length - 1024],
])('an archive that is cut %s is an error at the latest at the end', async (_, bytes) => {
	await expect(read(archive.subarray(0, bytes))).rejects.toThrow();
});

test('what is no tar is an error', async () => {
	await expect(read(Buffer.alloc(2048, 'x'))).rejects.toThrow('checksum failure');
});

test('a connection that breaks is an error for whoever reads the content', async () => {
	async function* broken() {
		yield archive.subarray(0, 100_000);
		await setTimeout(10);
		throw new Error('socket hang up');
	}
	const member = await firstMember(Readable.from(broken(), { objectMode: false }));
	const reading = (async () => {
		for await (const piece of member.content()) void piece;
	})();
	await expect(reading).rejects.toThrow('socket hang up');
});

test('no more is taken from the engine than is read of the member', async () => {
	const megabyte = 1024 * 1024;
	const large = makeTar({ name: 'large', content: Buffer.alloc(64 * megabyte) });
	let taken = 0;
	function* pieces() {
		for (let at = 0; at < large.length; at += 65_536) {
			taken = at;
			yield large.subarray(at, at + 65_536);
		}
	}
	const member = await firstMember(Readable.from(pieces(), { objectMode: false, highWaterMark: 65_536 }));
	let read = 0;
	for await (const piece of member.content()) {
		read += piece.length;
		if (read < 4 * megabyte) await setTimeout(5);
		expect(taken - read).toBeLessThan(megabyte);
	}
	expect(read).toBe(64 * megabyte);
});
