import { BlockWriter, createSharedBlocks, type FilledBlock, openBlock } from '../../../core/blocks';

test('blocks are filled in turn, and again once they were released', () => {
	const shared = createSharedBlocks(2, 4);
	const filled: FilledBlock[] = [];
	const writer = new BlockWriter(shared, (block) => filled.push(block));
	const write = (text: string) => {
		writer.block.write(text);
		writer.pass(text.length);
	};
	const open = (number: number) => openBlock(shared, filled[number]!);

	write('abcd');
	write('ef');
	expect(open(0).bytes.toString()).toBe('abcd');
	expect(open(1).bytes.toString()).toBe('ef');

	open(0).release();
	write('ghij');
	expect(open(2).bytes.toString()).toBe('ghij');
	expect(open(2).bytes.byteOffset).toBe(open(0).bytes.byteOffset);
	expect(open(1).bytes.toString()).toBe('ef');
});
