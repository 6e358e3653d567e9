import { ProgramMemory } from '../../../../../../core/postgres/dump/builtIn/worker/programMemory';

const megabyte = 1024 * 1024;

test('memory that is used again is all zero, whatever was in it', () => {
	const memories = new ProgramMemory();
	const memory = memories.take();
	const bytes = Buffer.from(memory.buffer);
	expect(bytes.length).toBe(64 * megabyte);
	bytes.write('a password', 0);
	bytes.write('a password', 5 * megabyte + 65_530);
	bytes.write('a password', bytes.length - 10);
	memories.giveBack(memory);
	expect(memories.take()).toBe(memory);
	expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true);
});

test('memory in use is lent to nobody else', () => {
	const memories = new ProgramMemory();
	const first = memories.take();
	expect(memories.take()).not.toBe(first);
});

test('memory that has grown is not kept', () => {
	const memories = new ProgramMemory();
	const memory = memories.take();
	memory.grow(1);
	memories.giveBack(memory);
	expect(memories.take()).not.toBe(memory);
});
