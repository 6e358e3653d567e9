/** Repeats an expectation until it holds; after some time, ten seconds, its failure is the test's. */
export async function eventually(expectation: () => unknown, patienceMs = 10_000): Promise<void> {
	const deadline = Date.now() + patienceMs;
	for (;;) {
		try {
			await expectation();
			return;
		} catch (error) {
			if (Date.now() > deadline) throw error;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}
