import type { AddCommand } from '../command';
import { addCreateAll } from './createAll';
import { addCreateFile } from './createFile';
import { addCreatePostgres } from './createPostgres';
import { addCreateRedis } from './createRedis';
import { addCreateVolume } from './createVolume';

/** `create`: one command for each kind of backup, and one for all of them. */
export const addCreate: AddCommand = (parent, run) => {
	const create = parent
		.command('create')
		.description('make a backup now, as n8n’s nodes make it; n8n need not be running');
	for (const add of [addCreatePostgres, addCreateRedis, addCreateVolume, addCreateFile, addCreateAll])
		add(create, run);
};
