import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { BlockStream } from '../../../core/blocks';

/** A stream of these blocks; each is overwritten as soon as it is released, and counted. */
function streamOf(...contents: string[]): { stream: BlockStream; released: () => number } {
	const stream = new BlockStream();
	let released = 0;
	for (const content of contents) {
		const bytes = Buffer.from(content);
		stream.deliver({
			bytes,
			release: () => {
				bytes.fill('x');
				released++;
			},
		});
	}
	return { stream, released: () => released };
}

describe('a stream of blocks', () => {
	it('lends its blocks in order', async () => {
		const { stream, released } = streamOf('one', 'two');
		stream.end();
		const first = await stream.nextBlock();
		expect(first?.bytes.toString()).toBe('one');
		const second = await stream.nextBlock();
		expect(second?.bytes.toString()).toBe('two');
		expect(released()).toBe(0);
		expect(await stream.nextBlock()).toBeUndefined();
	});

	it('gives copies to whoever reads it like any other stream', async () => {
		const { stream } = streamOf('one', 'two');
		stream.end();
		expect(await text(stream)).toBe('onetwo');
	});

	it('is over for all who wait for its end once its blocks were taken', async () => {
		const { stream } = streamOf('one');
		const ended = once(stream, 'end');
		setTimeout(() => stream.end(), 10);
		await stream.nextBlock();
		expect(await stream.nextBlock()).toBeUndefined();
		await ended;
	});

	it('fails for its reader with what it was destroyed with', async () => {
		const { stream } = streamOf();
		setTimeout(() => stream.destroy(new Error('the server is gone')), 10);
		await expect(stream.nextBlock()).rejects.toThrow('the server is gone');
	});

	it('releases at once what nobody will read any more', async () => {
		const { stream } = streamOf();
		stream.destroy();
		const release = jest.fn();
		stream.deliver({ bytes: Buffer.from('late'), release });
		expect(release).toHaveBeenCalledTimes(1);
	});
});
