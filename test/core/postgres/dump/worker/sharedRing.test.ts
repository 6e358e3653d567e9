import { createRing, RingReader, RingWriter } from '../../../../../core/postgres/dump/worker/sharedRing';

function ringOf(capacity: number) {
	const ring = createRing(capacity);
	return { writer: new RingWriter(ring), reader: new RingReader(ring) };
}

function read(reader: RingReader, length: number): string {
	const target = Buffer.alloc(length);
	return target.toString('latin1', 0, reader.read(target));
}

test('bytes come out in the order in which they went in, around the end of the memory', () => {
	const { writer, reader } = ringOf(8);
	expect(writer.write(Buffer.from('abcdef'))).toBe(6);
	expect(read(reader, 4)).toBe('abcd');
	expect(writer.write(Buffer.from('ghijkl'))).toBe(6);
	expect(read(reader, 100)).toBe('efghijkl');
});

test('a full ring takes as much as there is room for', () => {
	const { writer, reader } = ringOf(4);
	expect(writer.write(Buffer.from('abcdef'))).toBe(4);
	expect(writer.write(Buffer.from('ef'))).toBe(0);
	expect(read(reader, 3)).toBe('abc');
	expect(writer.write(Buffer.from('ef'))).toBe(2);
	expect(read(reader, 9)).toBe('def');
});

test('room is there at once in a ring that is not full, and comes when something is read from a full one', async () => {
	const { writer, reader } = ringOf(4);
	await writer.room();
	writer.write(Buffer.from('abcd'));
	const room = writer.room();
	read(reader, 1);
	await room;
	expect(writer.write(Buffer.from('e'))).toBe(1);
});

test('what was written before the close can still be read; then nothing follows', () => {
	const { writer, reader } = ringOf(4);
	writer.write(Buffer.from('ab'));
	writer.close();
	expect(reader.wait()).toBe(true);
	expect(read(reader, 4)).toBe('ab');
	expect(reader.wait()).toBe(false);
});

test('counters may run over', () => {
	const ring = createRing(8);
	new Int32Array(ring.control).set([-3, -3]);
	const [writer, reader] = [new RingWriter(ring), new RingReader(ring)];
	expect(writer.write(Buffer.from('abcdefgh'))).toBe(8);
	expect(writer.write(Buffer.from('i'))).toBe(0);
	expect(read(reader, 9)).toBe('abcdefgh');
});

test('a closed ring takes nothing more', () => {
	const { writer, reader } = ringOf(8);
	writer.write(Buffer.from('last'));
	writer.close();
	expect(writer.write(Buffer.from('late'))).toBe(4);
	expect(read(reader, 9)).toBe('last');
});
