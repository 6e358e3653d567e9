import type { CommandProcess, CommandRun } from '../../lab/command.ts';
import { assertKept } from '../harness/attack.ts';

/**
 * Waits for a command's end, and ends it when it takes longer than it may: what waits for ever is lost, too, and must not
 * keep the attack waiting.
 *
 * @throws Lost
 */
export async function inTime({ child, ended }: CommandProcess, seconds: number): Promise<CommandRun> {
	let isLate = false;
	const timer = setTimeout(() => {
		isLate = true;
		child.kill('SIGKILL');
	}, seconds * 1000);
	const run = await ended;
	clearTimeout(timer);
	assertKept(!isLate, `It still waits after ${seconds} s`);
	return run;
}
