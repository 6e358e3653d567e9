import { chown, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { manifestPath } from '../../../core/artifact';
import { adoptOwner } from '../../../core/files/owner';
import { Refusals } from '../../../core/files/refusals';
import { verifyBackup } from '../../../core/verify/verifyBackup';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const isRoot = process.getuid?.() === 0;
const signal = new AbortController().signal;

const ownerOf = async (path: string) => {
	const { uid, gid } = await stat(path);
	return [uid, gid];
};

(isRoot ? describe : describe.skip)(
	'what root makes in a directory of another user (skipped unless root)',
	() => {
		it('belongs to that user: directories, artifacts, manifests, and manifests with a verdict', async () => {
			await mkdir(directory.path('backups'));
			await chown(directory.path('backups'), 1000, 1001);
			const { path } = (await makeBackups(directory.path('backups'))).postgres;
			await verifyBackup({ path }, signal);
			for (const made of [path, manifestPath(path), dirname(path)]) {
				expect([made, ...(await ownerOf(made))]).toEqual([made, 1000, 1001]);
			}
		});
	},
);

describe('what is made in a directory of one’s own', () => {
	it('stays one’s own', async () => {
		await mkdir(directory.path('made'));
		const before = await ownerOf(directory.path('made'));
		await using made = await open(directory.path('made'));
		await adoptOwner(made, directory.path(), new Refusals());
		expect(await ownerOf(directory.path('made'))).toEqual(before);
	});
});
