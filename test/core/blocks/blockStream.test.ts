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
	it('lends each block until the next is asked for', async () => {
		const { stream, released } = streamOf('one', 'two');
		stream.end();
		const seen: string[] = [];
		for await (const block of stream.blocks()) {
			seen.push(block.toString());
			expect(released()).toBe(seen.length - 1);
		}
		expect(seen).toEqual(['one', 'two']);
		expect(released()).toBe(2);
	});

	it('gives copies to whoever reads it like any other stream', async () => {
		const { stream } = streamOf('one', 'two');
		stream.end();
		expect(await text(stream)).toBe('onetwo');
	});

	it('is over for all who wait for its end once its blocks were read', async () => {
		const { stream } = streamOf('one');
		const ended = once(stream, 'end');
		setTimeout(() => stream.end(), 10);
		for await (const block of stream.blocks()) expect(block.toString()).toBe('one');
		await ended;
	});

	it('fails for its reader with what it was destroyed with', async () => {
		const { stream } = streamOf('one');
		const read = async () => {
			for await (const block of stream.blocks()) void block;
		};
		setTimeout(() => stream.destroy(new Error('the server is gone')), 10);
		await expect(read()).rejects.toThrow('the server is gone');
	});

	it('is destroyed when its reader leaves', async () => {
		const { stream, released } = streamOf('one', 'two');
		for await (const block of stream.blocks()) {
			expect(block.toString()).toBe('one');
			break;
		}
		expect(stream.destroyed).toBe(true);
		expect(released()).toBe(1);
	});

	it('releases at once what nobody will read any more', async () => {
		const { stream } = streamOf();
		stream.destroy();
		const release = jest.fn();
		stream.deliver({ bytes: Buffer.from('late'), release });
		expect(release).toHaveBeenCalledTimes(1);
	});
});
