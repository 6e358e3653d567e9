import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Names a file that is there when n8n is prepared, or could not be. It holds what went wrong, or nothing. */
const variable = 'LAB_N8N_PREPARED';

export interface Preparation extends AsyncDisposable {
	/** For processes that begin before the work is done: their {@link untilPrepared} waits for it. */
	env: NodeJS.ProcessEnv;
	/** Settles when the work is done, also when it failed. */
	done: Promise<void>;
}

/** Prepares n8n while other processes are at work already that need it sooner or later. */
export async function prepareMeanwhile(prepare: () => Promise<void>): Promise<Preparation> {
	const folder = await mkdtemp(join(tmpdir(), 'n8n-prepared-'));
	const outcome = join(folder, 'outcome');
	const done = (async () => {
		const failure = await prepare().then(
			() => '',
			(error: unknown) => (error instanceof Error ? error.message : String(error)),
		);
		await writeFile(`${outcome}.partial`, failure);
		await rename(`${outcome}.partial`, outcome);
		if (failure !== '') console.error(failure);
	})();
	return {
		env: { [variable]: outcome },
		done,
		async [Symbol.asyncDispose]() {
			await done;
			await rm(folder, { recursive: true });
		},
	};
}

/** Whoever prepares n8n may have been ended. */
const limitMs = 30 * 60_000;

/**
 * Waits where another process prepares n8n; returns at once where none does.
 *
 * @throws Error with what went wrong there, or when it takes half an hour
 */
export async function untilPrepared(env = process.env): Promise<void> {
	const outcome = env[variable];
	if (outcome === undefined) return;
	const start = performance.now();
	while (!existsSync(outcome)) {
		if (performance.now() - start > limitMs) throw new Error('n8n was not prepared in half an hour');
		await wait(200);
	}
	const failure = await readFile(outcome, 'utf8');
	if (failure !== '') throw new Error(failure);
}
