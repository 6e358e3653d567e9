import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { describeEnd, runProgram, startProgram } from '../../../core/process/run';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const node = process.execPath;
const directory = temporaryDirectory();
const never = new AbortController().signal;

test('what a program writes is streamed, and its end is told', async () => {
	const program = startProgram(
		node,
		['-e', 'console.log("out"); console.error("err"); process.exit(3)'],
		{},
		never,
	);
	expect(await text(program.stdout)).toBe('out\n');
	expect(await program.ended).toEqual({ exitCode: 3, signal: undefined, messages: 'err\n' });
});

test('a program sees what it is given and little of this process’s own environment', async () => {
	process.env.N8N_ENCRYPTION_KEY_OF_TEST = 'secret';
	const script =
		'console.log(JSON.stringify([process.env.GIVEN, process.env.N8N_ENCRYPTION_KEY_OF_TEST, !!process.env.PATH]))';
	const output = await runProgram(node, ['-e', script], { environment: { GIVEN: 'x' } }, never);
	delete process.env.N8N_ENCRYPTION_KEY_OF_TEST;
	expect(JSON.parse(output)).toEqual(['x', null, true]);
});

test('arguments are never read by a shell', async () => {
	const odd = '$(id) `id` "quoted" \'single\' ; & | * \n end';
	expect(await runProgram(node, ['-p', 'process.argv[1]', '--', odd], {}, never)).toBe(`${odd}\n`);
});

test('input reaches the program', async () => {
	expect(await runProgram(node, ['-e', 'process.stdin.pipe(process.stdout)'], { input: 'abc' }, never)).toBe(
		'abc',
	);
});

test('a program that fails is reported in its own words', async () => {
	await expect(
		runProgram(node, ['-e', 'console.error("no such thing"); process.exit(1)'], {}, never),
	).rejects.toThrow(`${node} ended with exit code 1: no such thing. Look into what it says`);
});

test('a program that is not there says what to do', async () => {
	await expect(runProgram('/nowhere/pg_dump', [], {}, never)).rejects.toThrow(
		'The program /nowhere/pg_dump was not found. Install it where n8n runs, correct its path, or choose the engine “built-in”.',
	);
});

test('a file that is no program says what to do', async () => {
	const path = directory.path('pg_dump');
	await writeFile(path, 'no program', { mode: 0o600 });
	await expect(runProgram(path, [], {}, never)).rejects.toThrow(
		`n8n is not permitted to run ${path}. Make it executable`,
	);
});

test('a cancelled program is gone, even when it ignores the request to end', async () => {
	const cancellation = new AbortController();
	const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log(process.pid)';
	const program = startProgram(node, ['-e', script], {}, cancellation.signal);
	const pid = await new Promise<number>((resolve) => {
		program.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
	});
	cancellation.abort();
	await expect(program.ended).rejects.toThrow('The run was cancelled before it was finished.');
	expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('only the end of endless messages is kept', async () => {
	const script = 'process.stderr.write("x".repeat(300_000) + "the end")';
	const end = await startProgram(node, ['-e', script], {}, never).ended;
	expect(end.messages.length).toBe(64 * 1024);
	expect(end.messages.endsWith('the end')).toBe(true);
});

test('an end is described in words', () => {
	expect(describeEnd({ exitCode: 2, messages: '' })).toBe('ended with exit code 2');
	expect(describeEnd({ signal: 'SIGKILL', messages: '' })).toBe('was ended by SIGKILL');
});
