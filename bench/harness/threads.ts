import { readdir, readFile } from 'node:fs/promises';

/** Seconds of processor time by the name of the threads that used it. */
export type ThreadTimes = Record<string, number>;

const clockTicksPerSecond = 100;
const lookEveryMs = 100;

/** What Node and V8 call their threads, in words. */
const names: Record<string, string> = {
	MainThread: 'main thread',
	node: 'main thread',
	'libuv-worker': 'thread pool (zlib, files)',
	V8Worker: 'V8 (garbage, compiling)',
	pack: 'reading the tree',
	store: 'compressing, writing (JavaScript)',
	pg_dump: 'pg_dump (WebAssembly)',
};

/**
 * Watches from outside what processor time the threads of a process take. It looks every now and then, because a
 * thread that has ended can no longer be asked. Linux only; elsewhere there is nothing to see.
 */
export class ThreadWatch {
	readonly #pid: number;
	readonly #before = new Map<string, Sample>();
	readonly #latest = new Map<string, Sample>();
	#timer: NodeJS.Timeout | undefined;

	constructor(pid: number) {
		this.#pid = pid;
	}

	async start(): Promise<void> {
		await look(this.#pid, this.#before);
		this.#timer = setInterval(() => void look(this.#pid, this.#latest), lookEveryMs);
	}

	/** Seconds since {@link start}, the busiest first. */
	async stop(): Promise<ThreadTimes> {
		clearInterval(this.#timer);
		await look(this.#pid, this.#latest);
		const times = new Map<string, number>();
		for (const [id, { name, seconds }] of this.#latest) {
			const spent = seconds - (this.#before.get(id)?.seconds ?? 0);
			const title = names[name] ?? name;
			times.set(title, (times.get(title) ?? 0) + spent);
		}
		const busy = [...times].filter(([, seconds]) => seconds >= 0.02).sort(([, a], [, b]) => b - a);
		return Object.fromEntries(busy);
	}
}

interface Sample {
	name: string;
	seconds: number;
}

/** Fields 14 and 15 of proc(5)'s `stat`: time in user and in kernel mode. */
async function look(pid: number, samples: Map<string, Sample>): Promise<void> {
	const ids = await readdir(`/proc/${pid}/task`).catch(() => []);
	for (const id of ids) {
		const stat = await readFile(`/proc/${pid}/task/${id}/stat`, 'latin1').catch(() => undefined);
		if (stat === undefined) continue;
		const nameEnd = stat.lastIndexOf(')');
		const fields = stat.slice(nameEnd + 2).split(' ');
		const seconds = (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
		samples.set(id, { name: stat.slice(stat.indexOf('(') + 1, nameEnd), seconds });
	}
}
