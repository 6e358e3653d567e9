import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one test file: made before its tests, gone after them. */
export function temporaryDirectory(): { path: (...parts: string[]) => string } {
	let directory = '';
	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), 'n8n-backup-test-'));
	});
	afterEach(() => {
		// Unlike rm, it removes paths that are longer than the system takes.
		rmSync(directory, { recursive: true, force: true });
	});
	return { path: (...parts) => join(directory, ...parts) };
}
