/** Does the rest of a setting-up; where it fails, what was started before ends. */
export async function endingOnFailure<Result>(
	started: AsyncDisposable | undefined,
	rest: () => Promise<Result>,
): Promise<Result> {
	try {
		return await rest();
	} catch (error) {
		await started?.[Symbol.asyncDispose]();
		throw error;
	}
}
