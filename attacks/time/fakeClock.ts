import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A clock of processes that is set while they run, by Debian's faketime. Disks and whatever lasts have the real one. */
export interface FakeClock {
	/** Of a process that has this clock. */
	env: NodeJS.ProcessEnv;
	/** @param offset from the real clock: `+1h`, `-365d`; `+0` is the real one */
	set(offset: string): Promise<void>;
}

/** @param path a file that says how late it is */
export async function fakeClock(path: string): Promise<FakeClock> {
	// Where the library lies is known to the command alone.
	const { stdout } = await run('faketime', ['-m', '2026-01-01', 'env']);
	const library = /^LD_PRELOAD=(.+)$/m.exec(stdout)?.[1];
	if (library === undefined) throw new Error('faketime preloads nothing');
	const set = async (offset: string) => await writeFile(path, `${offset}\n`);
	await set('+0');
	const env = {
		LD_PRELOAD: library,
		FAKETIME_TIMESTAMP_FILE: path,
		FAKETIME_NO_CACHE: '1',
		FAKETIME_DONT_FAKE_MONOTONIC: '1',
		NO_FAKE_STAT: '1',
	};
	return { env, set };
}
