/** Runs one step of a task and says what it is and how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
	const started = performance.now();
	// Not console.log, around which Jest would draw a frame.
	process.stdout.write(`▸ ${title} …\n`);
	const result = await work();
	process.stdout.write(`  ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
	return result;
}
