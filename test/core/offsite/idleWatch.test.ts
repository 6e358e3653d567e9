import { IdleWatch } from '../../../core/offsite/webdav/idleWatch';

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('A watch over a request that is over does not begin again, or the process would wait for it', () => {
	const before = timers();
	const watch = new IdleWatch(60_000, 'a server');
	watch.restart();
	expect(timers()).toBe(before + 1);
	watch[Symbol.dispose]();
	// A piece that was being read when the server answered.
	watch.restart();
	expect(timers()).toBe(before);
});

test('A request in which nothing goes on is ended, and says so', async () => {
	using watch = new IdleWatch(20, 'webdav://server/n8n');
	await new Promise((resolve) => watch.signal.addEventListener('abort', resolve));
	expect(watch.error?.message).toBe(
		'webdav://server/n8n took nothing for 0.02 seconds. Check the network between n8n and that server, then run it again.',
	);
});
