import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gatherBlocks } from '../../../core/blocks';
import { expectSameBytes } from '../../support/sameBytes';

const megabyte = 1024 * 1024;

test('small chunks come as blocks of a megabyte, the last one smaller, with the same bytes', async () => {
	const chunks = Array.from({ length: 700 }, (_, i) => randomBytes(1 + ((i * 7919) % (128 * 1024))));
	const whole = Buffer.concat(chunks);
	const copies: Buffer[] = [];
	const blocks = gatherBlocks(Readable.from(chunks, { objectMode: false }));
	for (let block = await blocks.nextBlock(); block; block = await blocks.nextBlock()) {
		copies.push(Buffer.from(block.bytes));
		block.release();
	}
	expect(copies.slice(0, -1).every(({ length }) => length === megabyte)).toBe(true);
	expectSameBytes(Buffer.concat(copies), whole);
});

test('a slow reader holds the stream back', async () => {
	let produced = 0;
	const endless = new Readable({
		read() {
			produced += 64 * 1024;
			this.push(Buffer.alloc(64 * 1024));
		},
	});
	const blocks = gatherBlocks(endless);
	await blocks.nextBlock();
	await new Promise((resolve) => setTimeout(resolve, 100));
	expect(produced).toBeLessThan(12 * megabyte);
	const closed = new Promise((resolve) => endless.on('error', () => {}).once('close', resolve));
	blocks.destroy();
	await closed;
});

test('an error of the stream reaches the reader of the blocks', async () => {
	const failing = new Readable({
		read() {
			this.destroy(new Error('reset by peer'));
		},
	});
	await expect(gatherBlocks(failing).nextBlock()).rejects.toThrow('reset by peer');
});

test('a stream of nothing has no blocks', async () => {
	expect(await gatherBlocks(Readable.from([])).nextBlock()).toBeUndefined();
});
