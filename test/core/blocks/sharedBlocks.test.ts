import { BlockReader, BlockWriter, type FilledBlock } from '../../../core/blocks';

/** Two blocks of four bytes, and a function that fills the next one and opens it. */
function twoBlocks() {
	const reader = new BlockReader(2, 4);
	const filled: FilledBlock[] = [];
	const writer = new BlockWriter(reader.shared, (block) => filled.push(block));
	const write = (text: string) => {
		writer.block.write(text);
		writer.pass(text.length);
		return reader.open(filled.at(-1)!);
	};
	return { reader, write };
}

test('blocks are filled in turn, and again once they were released', () => {
	const { write } = twoBlocks();
	const first = write('abcd');
	const second = write('ef');
	expect(first.bytes.toString()).toBe('abcd');
	expect(second.bytes.toString()).toBe('ef');

	first.release();
	const third = write('ghij');
	expect(third.bytes.toString()).toBe('ghij');
	expect(third.bytes.byteOffset).toBe(first.bytes.byteOffset);
	expect(second.bytes.toString()).toBe('ef');
});

test('the memory serves others only when the worker has ended and every block is released', () => {
	const { reader, write } = twoBlocks();
	const { bytes } = reader.shared;
	const [first, second] = [write('abcd'), write('ef')];
	first.release();
	reader.retire();
	expect(new BlockReader(2, 4).shared.bytes).not.toBe(bytes);
	second.release();
	expect(new BlockReader(2, 4).shared.bytes).toBe(bytes);
	// And only once.
	expect(new BlockReader(2, 4).shared.bytes).not.toBe(bytes);
});
