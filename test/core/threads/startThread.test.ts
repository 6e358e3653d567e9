import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromWorkerError, toWorkerError } from '../../../core/errors/workerError';
import { startThread } from '../../../core/threads/startThread';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const core = join(__dirname, '..', '..', '..', 'core');

test('a thread has nothing of n8n’s environment, and none of its start-up options', async () => {
	process.env.N8N_ENCRYPTION_KEY = 'not for threads';
	try {
		writeFileSync(
			scratch.path('thread.js'),
			`const { parentPort } = require('node:worker_threads');
			parentPort.postMessage({ environment: process.env, options: process.execArgv });`,
		);
		const thread = startThread(scratch.path('thread.js'), { name: 'test' });
		const [message] = (await once(thread, 'message')) as [{ environment: object }];
		expect({ ...message, environment: { ...message.environment } }).toEqual({
			environment: {},
			options: [],
		});
	} finally {
		delete process.env.N8N_ENCRYPTION_KEY;
	}
});

test('every thread is started in that one way', () => {
	const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((name) =>
		name.endsWith('.ts'),
	);
	expect(files.length).toBeGreaterThan(100);
	const starters = files.filter((name) =>
		/\bnew\s+(?:\w+\.)?Worker\s*\(/.test(readFileSync(join(core, name), 'utf8')),
	);
	expect(starters).toEqual(['threads/startThread.ts']);
});

test('a thread that runs out of memory is an error that says so, and ends nobody else', async () => {
	writeFileSync(scratch.path('thread.js'), 'const all = []; for (;;) all.push({ value: Math.random() });');
	const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
	const thread = startThread(scratch.path('thread.js'), { name: 'test', limits });
	const error = await new Promise((resolve) => thread.once('error', resolve));
	expect(fromWorkerError(toWorkerError(error))).toMatchObject({
		code: 'incomplete',
		message: 'A thread had no memory left for its work. Give n8n more memory, then run it again.',
	});
});
