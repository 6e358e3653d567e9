import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startThread } from '../../core/threads';
import { temporaryDirectory } from '../support/temporaryDirectory';

const scratch = temporaryDirectory();
const core = join(__dirname, '..', '..', 'core');

test('a thread has nothing of n8n’s environment, and none of its start-up options', async () => {
	process.env.N8N_ENCRYPTION_KEY = 'not for threads';
	try {
		writeFileSync(
			scratch.path('thread.js'),
			`const { parentPort, workerData } = require('node:worker_threads');
			parentPort.postMessage({ environment: process.env, options: process.execArgv, workerData });`,
		);
		const thread = startThread(scratch.path('thread.js'), { name: 'test', data: 42 });
		const [message] = (await once(thread, 'message')) as [{ environment: object }];
		expect({ ...message, environment: { ...message.environment } }).toEqual({
			environment: {},
			options: [],
			workerData: 42,
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
	expect(starters).toEqual(['threads.ts']);
});
