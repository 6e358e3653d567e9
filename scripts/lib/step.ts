/** Runs one step of a task and says what it is and how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
	const started = performance.now();
	console.log(`▸ ${title} …`);
	const result = await work();
	console.log(`  ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
	return result;
}
