/** Loaded into a process by --import: writes down for how long, at most, its event loop stood still. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const everyMs = 50;

if (isMainThread) {
	let last = performance.now();
	let longest = 0;
	const look = () => {
		const now = performance.now();
		longest = Math.max(longest, now - last - everyMs);
		last = now;
	};
	setInterval(look, everyMs).unref();
	process.on('exit', () => {
		look();
		writeFileSync(process.env.HEARTBEAT_FILE, String(Math.round(longest)));
	});
}
