import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** How often the processes are looked at. */
const lookEveryMs = 20;

/** What a program is given in its environment because it takes it no other way. */
const given = /^(?:PGPASSWORD|REDISCLI_AUTH)=/;

/** Looks at all that a process starts, but not at what it had started before. */
export class WatchedProcesses {
	readonly #pid: number;
	readonly #before: ReadonlySet<number>;

	private constructor(pid: number, before: ReadonlySet<number>) {
		this.#pid = pid;
		this.#before = before;
	}

	static async below(pid: number): Promise<WatchedProcesses> {
		return new WatchedProcesses(pid, new Set(await descendants(pid)));
	}

	/** Command lines and environments of what is started while something is done, the process's own command line too. */
	async during<Result>(
		work: () => Promise<Result>,
	): Promise<{ result: Result; seen: string; started: number }> {
		const seen = new Set<string>();
		const started = new Set<number>();
		let isOver = false;
		const looking = (async () => {
			while (!isOver) {
				const own = await readFile(`/proc/${this.#pid}/cmdline`, 'utf8').catch(() => '');
				seen.add(own);
				for (const pid of await descendants(this.#pid)) {
					if (this.#before.has(pid)) continue;
					started.add(pid);
					for (const text of await aboutProcess(pid, own)) seen.add(text);
				}
				await wait(lookEveryMs);
			}
		})();
		try {
			const result = await work();
			return { result, seen: [...seen].join('\n'), started: started.size };
		} finally {
			isOver = true;
			await looking;
		}
	}
}

/** @param parent a process that still has its command line is a copy of it, and not yet the program that it will be */
async function aboutProcess(pid: number, parent: string): Promise<string[]> {
	const read = async (name: string) => await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
	const variables = (await read('environ')).split('\0').filter((variable) => !given.test(variable));
	const line = await read('cmdline');
	return line === parent ? [] : [line, variables.join('\n')];
}

/** Each thread has the children that it has started itself. */
async function descendants(pid: number): Promise<number[]> {
	const threads = await readdir(`/proc/${pid}/task`).catch((): string[] => []);
	const children = await Promise.all(
		threads.map(async (id) => await readFile(`/proc/${pid}/task/${id}/children`, 'utf8').catch(() => '')),
	);
	const own = (children.join(' ').match(/\d+/g) ?? []).map(Number);
	return [...own, ...(await Promise.all(own.map(descendants))).flat()];
}
