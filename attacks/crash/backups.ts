import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../lab/random.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { backupScene, type BackupSceneOptions } from './backupScene.ts';
import { killAttack, type Scene } from './killAttack.ts';
import { postgresWith, redisWith, someMegabytes } from '../servers.ts';

export type BackupOf = (scratch: string) => Promise<Omit<BackupSceneOptions, 'scratch'>>;

/** What makes backups, by what it does. */
export const backupKinds: Record<string, BackupOf> = {
	async 'a database is dumped'() {
		const source = await postgresWith(someMegabytes);
		const args = ['create', 'postgres', '--database', 'n8n'];
		return { component: 'postgres', args, env: source.env, source };
	},
	async 'Redis is saved'() {
		const source = await redisWith(20_000);
		const args = ['create', 'redis', ...source.args];
		return { component: 'redis', args, env: source.env, source };
	},
	'a folder is archived': async (scratch) => ({
		component: 'n8n',
		args: ['create', 'volume', await makeFolder(join(scratch, 'data'))],
	}),
	async 'a file is copied'(scratch) {
		const path = join(scratch, '.env');
		await writeFile(path, `N8N_ENCRYPTION_KEY=of-the-attack\n${'# much ado\n'.repeat(100_000)}`);
		return { component: 'env', args: ['create', 'file', path] };
	},
};

/** @param scratch a directory of its own, in which the backup directory is `backups` */
export async function sceneOfBackup(backupOf: BackupOf, scratch: string): Promise<Scene> {
	const backup = await backupOf(scratch);
	return await endingOnFailure(backup.source, async () => await backupScene({ scratch, ...backup }));
}

/** Kills of what makes backups. */
export const killedBackups = Object.entries(backupKinds).map(([work, backupOf]) =>
	killAttack({
		promise: 'whole',
		fault: `kill -9 while ${work}`,
		faults: { whole: 300, short: 1 },
		setUp: async (scratch) => await sceneOfBackup(backupOf, scratch),
	}),
);

/** Some megabytes in a few hundred files, half of which no compressor makes smaller. */
export async function makeFolder(path: string): Promise<string> {
	const random = new Random(1);
	for (let i = 0; i < 300; i += 1) {
		const directory = join(path, `folder-${i % 12}`);
		await mkdir(directory, { recursive: true });
		const bytes = 1000 + random.below(80_000);
		await writeFile(
			join(directory, `file-${i}`),
			i % 2 === 0 ? random.bytes(bytes) : Buffer.alloc(bytes, `${i} `),
		);
	}
	return path;
}
