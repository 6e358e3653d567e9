/** Runs a task; a failure is shown as its message alone, without a stack, and as the exit code 1. */
export async function runTask(work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
		process.exitCode = 1;
	}
}
