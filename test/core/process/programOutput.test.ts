import { text } from 'node:stream/consumers';
import { receiveBlocks } from '../../../core/blocks';
import { openProgramOutput } from '../../../core/process/programOutput';
import { startProgram } from '../../../core/process/run';

const never = new AbortController().signal;

/** What a shell script writes, received in blocks. */
async function receive(script: string) {
	const { reader, writer } = await openProgramOutput();
	const program = startProgram('sh', ['-c', script], { output: writer }, never);
	const blocks: number[] = [];
	const { stream, received } = receiveBlocks(reader, ({ length }) => blocks.push(length));
	return { ended: program.ended, stream, received, blocks };
}

test('what a program writes arrives whole and in blocks, and the stream ends when it is told to', async () => {
	const { ended, stream, received, blocks } = await receive('seq 1 400000');
	const read = text(stream);
	expect(await ended).toMatchObject({ exitCode: 0 });
	await received;
	stream.end();
	const expected = Array.from({ length: 400_000 }, (_, index) => `${index + 1}\n`).join('');
	expect((await read) === expected).toBe(true);
	expect(blocks.slice(0, -1)).toEqual(Array.from({ length: 2 }, () => 1024 * 1024));
});

test('a program is ended by a reader that leaves', async () => {
	const { ended, stream } = await receive('exec yes');
	stream.destroy();
	// A broken pipe, or a connection that was reset with bytes on their way.
	expect((await ended).exitCode).not.toBe(0);
});

test('a slow reader holds the program back', async () => {
	const { ended, stream, blocks } = await receive('exec yes');
	await new Promise((resolve) => setTimeout(resolve, 300));
	expect(blocks.length).toBeLessThan(10);
	stream.destroy();
	await ended;
});
