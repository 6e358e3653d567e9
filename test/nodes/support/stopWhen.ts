import { readdir } from 'node:fs/promises';
import type { NodeEngine, NodeRun } from '../../../lab/nodeEngine/nodeEngine';
import { eventually } from '../../../lab/eventually';

/** Far more than any of them takes, and far less than the work that is stopped. */
const endsWithinMs = 10_000;

/** Stops what runs once it is in the middle of its work; it has to end soon after. */
export async function stopWhen(
	engine: NodeEngine,
	running: Promise<NodeRun>,
	inTheMiddle: () => unknown,
): Promise<void> {
	await Promise.race([eventually(inTheMiddle), running]);
	engine.cancel();
	const late = new Promise((resolve) =>
		setTimeout(resolve, endsWithinMs, { status: 'still running' }).unref(),
	);
	expect(await Promise.race([running, late])).toMatchObject({ status: 'canceled' });
}

/** The names of all files below a directory, those that are not whole yet included. */
export async function filesBelow(directory: string): Promise<string[]> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The one file there is partial. */
export async function expectOnlyPartial(directory: string): Promise<void> {
	expect(await filesBelow(directory)).toEqual([expect.stringMatching(/\.partial$/) as string]);
}
