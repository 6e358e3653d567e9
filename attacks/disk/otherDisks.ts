import { join } from 'node:path';
import { mountExfat, mountExt4, type Mount } from '../../lab/mounts.ts';
import { makeFolder } from '../crash/backups.ts';
import { backupScene } from '../crash/backupScene.ts';
import { killAttack } from '../crash/killAttack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';

/** Disks that lack what most have. Need root. */
const disks: Record<string, (path: string) => Promise<Mount>> = {
	'exFAT, which has no links,': async (path) => await mountExfat(path, 128),
	'a disk that lists names without their types': async (path) => {
		return await mountExt4(path, ['-O', '^filetype'], 128);
	},
};

export const killedOnOtherDisks = Object.entries(disks).map(([name, mount]) =>
	killAttack({
		promise: 'whole',
		fault: `kill -9 while a folder is archived to ${name}`,
		faults: { whole: 100, short: 1 },
		async setUp(scratch) {
			const args = ['create', 'volume', await makeFolder(join(scratch, 'data'))];
			const disk = await mount(join(scratch, 'disk'));
			const options = { scratch: disk.path, component: 'n8n', args, source: disk };
			return await endingOnFailure(disk, async () => await backupScene(options));
		},
	}),
);
