/**
 * Does the same for each, some of them at a time: what waits most of its time takes a part of it.
 *
 * @returns what each came to, in their order
 * @throws the first failure, when all have been tried
 */
export async function fewAtATime<Item, Result>(
	items: readonly Item[],
	work: (item: Item) => Promise<Result>,
	most = 4,
): Promise<Result[]> {
	const results: Result[] = [];
	const failures: unknown[] = [];
	const left = [...items.entries()];
	const worker = async () => {
		for (let next = left.shift(); next; next = left.shift()) {
			const [at, item] = next;
			await work(item).then(
				(result) => (results[at] = result),
				(error: unknown) => failures.push(error),
			);
		}
	};
	await Promise.all(Array.from({ length: most }, worker));
	if (failures.length > 0) throw failures[0];
	return results;
}
