/** Whether what a part of the package failed with is one of its own errors: two sentences for people. */
export function isForPeople(error: unknown): error is Error {
	return error instanceof Error && error.name === 'BackupError';
}
