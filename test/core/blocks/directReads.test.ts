import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectForDirectReads, readDirectly, receiveBlocks } from '../../../core/blocks';
import { createRing, RingReader, RingWriter } from '../../../core/postgres/dump/builtIn/worker/sharedRing';
import { expectSameBytes } from '../../support/sameBytes';

let server: Server;
let accepted: Promise<[Socket]>;
beforeEach(async () => {
	server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	accepted = once(server, 'connection') as Promise<[Socket]>;
});
afterEach(() => void server.close());

/** Both ends of a connection. */
async function connectBoth() {
	const { port } = server.address() as AddressInfo;
	const reader = connectForDirectReads({ port, host: '127.0.0.1' });
	const [writer] = await accepted;
	return { reader, writer };
}

test('a socket that nobody reads directly is a stream like any other', async () => {
	const { reader, writer } = await connectBoth();
	const bytes = randomBytes(3_000_000);
	writer.end(bytes);
	expectSameBytes(await buffer(reader), bytes);
});

test('bytes arrive whole where the target is nearly always full', async () => {
	const { reader, writer } = await connectBoth();
	const bytes = randomBytes(3_000_000);
	const ring = createRing(16 * 1024);
	const received: Buffer[] = [];
	const [target, source] = [new RingWriter(ring), new RingReader(ring)];
	readDirectly(reader, target);
	const ended = finished(reader, { writable: false });
	reader.resume();
	writer.end(bytes);
	for (let length = 0; length < bytes.length;) {
		const piece = Buffer.alloc(5000);
		const count = source.read(piece);
		received.push(piece.subarray(0, count));
		length += count;
		await new Promise(setImmediate);
	}
	await ended;
	expectSameBytes(Buffer.concat(received), bytes);
});

test('from the first direct read on, the stream gets nothing but the end', async () => {
	const { reader, writer } = await connectBoth();
	writer.write('hello');
	const [greeting] = (await once(reader, 'data')) as [Buffer];
	const streamed = buffer(reader);
	const { stream, received } = receiveBlocks(reader, () => {});
	writer.end('world');
	await received;
	stream.end();
	expect(greeting.toString()).toBe('hello');
	expect((await buffer(stream)).toString()).toBe('world');
	expect(await streamed).toHaveLength(0);
});

test('a target without room holds the other side back', async () => {
	const { reader, writer } = await connectBoth();
	readDirectly(reader, new RingWriter(createRing(16 * 1024)));
	reader.resume();
	while (writer.write(Buffer.alloc(1024 * 1024))) await new Promise(setImmediate);
	await sleep(200);
	expect(reader.bytesRead).toBeLessThan(200 * 1024);
	reader.destroy();
	writer.destroy();
});

test('other streams cannot be read directly', () => {
	expect(readDirectly(new PassThrough(), new RingWriter(createRing(16)))).toBe(false);
});
