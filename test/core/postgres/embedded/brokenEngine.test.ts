import { cp, mkdir, readdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as drills from '../../../../core/postgres/drill/drill';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { never } from '../support/dumps';
import { backUpOf } from './support';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
const packages = join(process.cwd(), 'node_modules');
const engine = join('@electric-sql', 'pglite');
const wasm = () => directory.path('package', 'node_modules', engine, 'dist', 'pglite.wasm');

/** The compiled package with an embedded PostgreSQL of its own, which can be broken. */
async function drillOfCopy(): Promise<typeof drills> {
	const modules = directory.path('package', 'node_modules');
	await mkdir(join(modules, '@electric-sql'), { recursive: true });
	await cp(join(packages, engine), join(modules, engine), { recursive: true });
	for (const name of await readdir(packages)) {
		if (name !== '@electric-sql') await symlink(join(packages, name), join(modules, name));
	}
	await cp('package.json', directory.path('package', 'package.json'));
	const core = directory.path('package', 'dist', 'core');
	await cp(join(process.cwd(), 'dist', 'core'), core, { recursive: true });
	return (await import(join(core, 'postgres', 'drill', 'drill.js'))) as typeof drills;
}

describe('an embedded PostgreSQL that is broken is named as that, and no file and no backup is blamed', () => {
	test.each([
		['cut off', () => truncate(wasm(), 1_000_000)],
		['no WebAssembly at all', () => writeFile(wasm(), 'something else')],
	])('when its module is %s', async (_, breakIt) => {
		const { drill } = await drillOfCopy();
		await breakIt();
		const artifactPath = await backUpOf(directory.path(), 'CREATE TABLE public.t (a int);');

		const report = await drill({ root: directory.path(), timeZone: 'UTC', artifactPath }, never);

		expect(report.result).toBe('unknown');
		expect(report.obstacle).toMatchObject({
			code: 'internal',
			what: expect.stringMatching(/^The PostgreSQL inside n8n broke down: .*WebAssembly/) as string,
			advice: 'Drill it on a server, and give n8n more memory if it has little.',
		});
	});
});
