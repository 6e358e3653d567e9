import type { AddCommand } from '../command';
import { addRestoreFile } from './restoreFile';
import { addRestorePostgres } from './restorePostgres';
import { addRestoreRedis } from './restoreRedis';
import { addRestoreVolume } from './restoreVolume';

/** `restore`: one command for each kind of backup. */
export const addRestore: AddCommand = (parent, run) => {
	const restore = parent.command('restore').description('put back what was backed up');
	for (const add of [addRestorePostgres, addRestoreRedis, addRestoreVolume, addRestoreFile])
		add(restore, run);
};
