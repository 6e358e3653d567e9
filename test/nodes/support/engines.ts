import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cores, NodeEngine } from '../../../lab/nodeEngine/nodeEngine';

/** One n8n, and the directories that it may and may not use. */
export interface Surroundings {
	engine: NodeEngine;
	/** A new directory below what `N8N_RESTRICT_FILE_ACCESS_TO` names. */
	allowed(): Promise<string>;
	/** A new directory beside it. */
	blocked(): Promise<string>;
}

/** The same tests in n8n-core's engine of the oldest n8n that we support and of the present one, each started once. */
export function describeEngines(title: string, tests: (n8n: () => Surroundings) => void): void {
	describe.each(Object.keys(cores) as Array<keyof typeof cores>)(`${title}, in the %s n8n`, (core) => {
		let home = '';
		let surroundings: Surroundings;

		beforeAll(async () => {
			home = await realpath(await mkdtemp(join(tmpdir(), 'n8n-backup-engine-')));
			const places = { allowed: join(home, 'allowed'), blocked: join(home, 'blocked') };
			for (const place of [...Object.values(places), join(home, 'n8n')]) await mkdir(place);
			surroundings = {
				engine: await NodeEngine.start({
					core,
					userFolder: join(home, 'n8n'),
					environment: { N8N_RESTRICT_FILE_ACCESS_TO: places.allowed },
				}),
				allowed: async () => await mkdtemp(join(places.allowed, 'place-')),
				blocked: async () => await mkdtemp(join(places.blocked, 'place-')),
			};
		}, 120_000);

		afterAll(async () => {
			await surroundings?.engine.stop();
			await rm(home, { recursive: true, force: true });
		});

		tests(() => surroundings);
	});
}
