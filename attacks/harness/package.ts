import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as artifact from '../../core/artifact/index.ts';
import type * as retention from '../../core/retention/index.ts';
import type * as archives from '../../core/volume/restoreArchive.ts';
import type * as verification from '../../core/verify/verifyBackup.ts';

/** The compiled package, which is CommonJS: what is attacked are the very files that ship. */
const fromDist = createRequire(join(process.cwd(), 'package.json'));

const load = <Module>(path: string): Module => fromDist(`./dist/core/${path}.js`) as Module;

export const { verifyBackup } = load<typeof verification>('verify/verifyBackup');
export const { planRetention } = load<typeof retention>('retention/index');
export const { readCatalog } = load<typeof artifact>('artifact/index');
export const { restoreArchive } = load<typeof archives>('volume/restoreArchive');
