import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { receiveBlocks } from '../../../core/blocks';
import { openProgramOutput } from '../../../core/process/programOutput';
import { startProgram } from '../../../core/process/run';

const never = new AbortController().signal;

/** What a shell script writes, received in blocks. */
async function receive(script: string, input?: Readable) {
	const { reader, writer } = await openProgramOutput();
	const program = startProgram('sh', ['-c', script], { output: writer, input }, never);
	const blocks: number[] = [];
	const { stream, received, hasRoom } = receiveBlocks(reader, ({ length }) => blocks.push(length));
	return { ended: program.ended, stream, received, hasRoom, blocks };
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

test('a program whose reader leaves has its next write end it', async () => {
	const input = new PassThrough();
	const { ended, stream, received } = await receive('read -r line; exec yes', input);
	stream.destroy();
	await expect(received).rejects.toThrow('Premature close');
	input.end('go on\n');
	expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGPIPE', messages: '' });
});

test('a program whose reader leaves without having read everything is told so', async () => {
	const { ended, stream, hasRoom } = await receive('exec yes');
	while (hasRoom()) await sleep(5);
	// Until it waits with bytes on their way.
	await sleep(100);
	stream.destroy();
	expect(await ended).toEqual({
		exitCode: 1,
		signal: undefined,
		messages: expect.stringContaining('Connection reset by peer') as string,
	});
});

test('a slow reader holds the program back', async () => {
	const { ended, stream, blocks } = await receive('exec yes');
	await sleep(300);
	expect(blocks.length).toBeLessThan(10);
	stream.destroy();
	await ended;
});
