import { setImmediate } from 'node:timers/promises';
import { putSome } from '../../../../../../core/blocks';
import {
	createRing,
	RingReader,
	RingWriter,
} from '../../../../../../core/postgres/dump/builtIn/worker/sharedRing';

function ringOf(capacity: number) {
	const ring = createRing(capacity);
	return { writer: new RingWriter(ring), reader: new RingReader(ring) };
}

const write = (writer: RingWriter, text: string) => putSome(writer, Buffer.from(text));

function read(reader: RingReader, length: number): string {
	const target = Buffer.alloc(length);
	return target.toString('latin1', 0, reader.read(target));
}

test('bytes come out in the order in which they went in, around the end of the memory', () => {
	const { writer, reader } = ringOf(8);
	expect(write(writer, 'abcdef')).toBe(6);
	expect(read(reader, 4)).toBe('abcd');
	expect(write(writer, 'ghijkl')).toBe(6);
	expect(read(reader, 100)).toBe('efghijkl');
});

test('a full ring takes as much as there is room for', () => {
	const { writer, reader } = ringOf(4);
	expect(write(writer, 'abcdef')).toBe(4);
	expect(write(writer, 'ef')).toBe(0);
	expect(read(reader, 3)).toBe('abc');
	expect(write(writer, 'ef')).toBe(2);
	expect(read(reader, 9)).toBe('def');
});

test('room is there at once in a ring that is not full, and comes when a quarter of a full one was read', async () => {
	const { writer, reader } = ringOf(8);
	await writer.room();
	write(writer, 'abcdefgh');
	let hasRoom = false;
	const room = writer.room().then(() => (hasRoom = true));
	read(reader, 1);
	await setImmediate();
	expect(hasRoom).toBe(false);
	expect(writer.space()).toBeUndefined();
	read(reader, 1);
	await room;
	expect(write(writer, 'ijk')).toBe(2);
	expect(read(reader, 9)).toBe('cdefghij');
});

test('what was written before the close can still be read; then nothing follows', () => {
	const { writer, reader } = ringOf(4);
	write(writer, 'ab');
	writer.close();
	expect(reader.wait()).toBe(true);
	expect(read(reader, 4)).toBe('ab');
	expect(reader.wait()).toBe(false);
});

test('counters may run over', () => {
	const ring = createRing(8);
	new Int32Array(ring.control).set([-3, -3]);
	const [writer, reader] = [new RingWriter(ring), new RingReader(ring)];
	expect(write(writer, 'abcdefgh')).toBe(8);
	expect(write(writer, 'i')).toBe(0);
	expect(read(reader, 9)).toBe('abcdefgh');
});

test('a closed ring takes nothing more', () => {
	const { writer, reader } = ringOf(8);
	write(writer, 'last');
	writer.close();
	expect(write(writer, 'late')).toBe(0);
	expect(read(reader, 9)).toBe('last');
});
