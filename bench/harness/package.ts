import { createRequire } from 'node:module';
import type * as artifact from '../../core/artifact/index.ts';
import type * as builtInDumps from '../../core/postgres/dump/builtIn/builtInDump.ts';
import type * as dockerDumps from '../../core/postgres/dump/docker/dockerDump.ts';
import type * as drills from '../../core/postgres/drill/drill.ts';
import type * as localDumps from '../../core/postgres/dump/local/localDump.ts';
import type * as restores from '../../core/postgres/restore/restoreDump.ts';
import type * as dumpVerification from '../../core/postgres/verifyPostgres.ts';
import type * as snapshots from '../../core/redis/snapshot/builtInSnapshot.ts';
import type * as offsite from '../../core/offsite/index.ts';
import type * as archives from '../../core/volume/archiveDirectory.ts';
import type * as archiveVerification from '../../core/volume/verifyVolume.ts';

/** The compiled package, which is CommonJS: what is measured are the very files that ship, of this build or another. */
const fromDist = createRequire(process.env.BENCH_DIST ?? new URL('../../dist/', import.meta.url));

const load = <Module>(path: string): Module => fromDist(`./core/${path}.js`) as Module;

export const { createArtifact, readManifest } = load<typeof artifact>('artifact/index');
export const { builtInDump } = load<typeof builtInDumps>('postgres/dump/builtIn/builtInDump');
export const { dockerDump } = load<typeof dockerDumps>('postgres/dump/docker/dockerDump');
export const { drill } = load<typeof drills>('postgres/drill/drill');
export const { localDump } = load<typeof localDumps>('postgres/dump/local/localDump');
export const { restoreDump } = load<typeof restores>('postgres/restore/restoreDump');
export const { verifyPostgresArtifact } = load<typeof dumpVerification>('postgres/verifyPostgres');
export const { builtInSnapshot } = load<typeof snapshots>('redis/snapshot/builtInSnapshot');
export const { copyBackups, openDestination } = load<typeof offsite>('offsite/index');
export const { archiveDirectory } = load<typeof archives>('volume/archiveDirectory');
export const { verifyArchiveArtifact } = load<typeof archiveVerification>('volume/verifyVolume');
