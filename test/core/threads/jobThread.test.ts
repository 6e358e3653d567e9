import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { takeThread, type ThreadKind } from '../../../core/threads';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const serveJobs = require.resolve('../../../core/threads/serveJobs');
const pool = require.resolve('../../../core/threads');

/** A kind of thread that answers each job with its thread's id and what the job makes of `job`. */
function kindOf(name: string, work = ''): ThreadKind {
	const file = scratch.path(`${name}.js`);
	writeFileSync(
		file,
		`const { threadId } = require('node:worker_threads');
		require(${JSON.stringify(serveJobs)}).serveJobs(async (job, port) => {
			${work}
			port.postMessage({ threadId, job });
		});`,
	);
	return { file, name };
}

async function answerOf(port: MessagePort): Promise<{ threadId: number; job: unknown }> {
	const [answer] = (await once(port, 'message')) as [{ threadId: number; job: unknown }];
	return answer;
}

async function doJob(kind: ThreadKind, job: unknown) {
	const thread = takeThread(kind);
	const answer = await answerOf(thread.begin(job));
	thread.release();
	return answer;
}

test('a thread that was released does the next job of its kind, and of no other', async () => {
	const [one, other] = [kindOf('one'), kindOf('other')];
	const first = await doJob(one, 1);
	expect(await doJob(one, 2)).toEqual({ threadId: first.threadId, job: 2 });
	expect((await doJob(other, 3)).threadId).not.toBe(first.threadId);
});

test('a thread that was never given a job serves the next one', async () => {
	const kind = kindOf('unused');
	takeThread(kind).release();
	const { threadId } = await doJob(kind, 1);
	expect((await doJob(kind, 2)).threadId).toBe(threadId);
});

test('two jobs at the same time have two threads', async () => {
	const kind = kindOf('both');
	const threads = [takeThread(kind), takeThread(kind)];
	const answers = await Promise.all(threads.map(async (thread) => await answerOf(thread.begin(0))));
	expect(answers[0]!.threadId).not.toBe(answers[1]!.threadId);
	for (const thread of threads) thread.release();
});

test('a thread that was ended is not used again, whatever it was at', async () => {
	const kind = kindOf('ended', 'if (job === "for ever") for (;;);');
	const { threadId } = await doJob(kind, 1);
	const thread = takeThread(kind);
	thread.begin('for ever');
	await thread.end();
	// Too late to be given back.
	thread.release();
	expect((await doJob(kind, 2)).threadId).not.toBe(threadId);
});

test('a thread that fails is lost with its error and not used again', async () => {
	const kind = kindOf('failing', 'if (job === "fail") throw new Error("on purpose");');
	const { threadId } = await doJob(kind, 1);
	const thread = takeThread(kind);
	thread.begin('fail');
	const { error } = await thread.lost;
	expect(error?.message).toBe('on purpose');
	thread.release();
	expect((await doJob(kind, 2)).threadId).not.toBe(threadId);
});

test('a thread that ends by itself is lost without an error, also while it waits for a job', async () => {
	const kind = kindOf(
		'ending',
		'if (job === "end") process.exit(0); if (job === "later") setTimeout(() => process.exit(0), 20);',
	);
	const thread = takeThread(kind);
	thread.begin('end');
	expect(await thread.lost).toEqual({});
	const { threadId } = await doJob(kind, 'later');
	await wait(200);
	expect((await doJob(kind, 1)).threadId).not.toBe(threadId);
});

test('what a job says after it was released reaches nobody', async () => {
	const kind = kindOf('late', 'if (job === "first") setTimeout(() => port.postMessage("late"), 20);');
	const first = await doJob(kind, 'first');
	const thread = takeThread(kind);
	const port = thread.begin('second');
	const heard: unknown[] = [];
	port.on('message', (message) => heard.push(message));
	await wait(200);
	thread.release();
	expect(heard).toEqual([{ threadId: first.threadId, job: 'second' }]);
});

test('a job waits until the one before it has come to its end', async () => {
	const kind = kindOf(
		'slow',
		`globalThis.atWork = (globalThis.atWork ?? 0) + 1;
		port.postMessage({ atWork: globalThis.atWork });
		await new Promise((resolve) => setTimeout(resolve, 100));
		globalThis.atWork--;`,
	);
	for (const job of [1, 2]) {
		const thread = takeThread(kind);
		const [first] = (await once(thread.begin(job), 'message')) as [unknown];
		expect(first).toEqual({ atWork: 1 });
		thread.release();
	}
});

test('a thread that waits for a job keeps no process alive, and one that waits long ends', () => {
	const kind = kindOf('waiting');
	writeFileSync(
		scratch.path('main.js'),
		`const { takeThread } = require(${JSON.stringify(pool)});
		const later = [];
		const realSetTimeout = setTimeout;
		globalThis.setTimeout = (callback, ms) => {
			if (ms < 1000) return realSetTimeout(callback, ms);
			later.push(callback);
			return { unref() { return this; } };
		};
		const doJob = () => new Promise((resolve) => {
			const thread = takeThread(${JSON.stringify(kind)});
			thread.begin(0).once('message', ({ threadId }) => {
				thread.release();
				resolve(threadId);
			});
		});
		(async () => {
			const first = await doJob();
			const again = await doJob();
			for (const end of later.splice(0)) end();
			const third = await doJob();
			console.log(JSON.stringify([again === first, third === first]));
		})();`,
	);
	const said = execFileSync(process.execPath, [scratch.path('main.js')], {
		encoding: 'utf8',
		timeout: 20_000,
	});
	expect(said.trim()).toBe('[true,false]');
});
