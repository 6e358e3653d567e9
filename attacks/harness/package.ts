import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as artifact from '../../core/artifact/index.ts';
import type * as manifestFiles from '../../core/artifact/manifestFile.ts';
import type * as compression from '../../core/compression/compression.ts';
import type * as encryption from '../../core/encryption/index.ts';
import type * as offsite from '../../core/offsite/index.ts';
import type * as drills from '../../core/postgres/drill/drill.ts';
import type * as builtInDumps from '../../core/postgres/dump/builtIn/builtInDump.ts';
import type * as sql from '../../core/postgres/sql/index.ts';
import type * as transfers from '../../core/redis/protocol/rdbTransfer.ts';
import type * as resp from '../../core/redis/protocol/resp.ts';
import type * as checksums from '../../core/redis/rdb/crc64.ts';
import type * as inspectors from '../../core/redis/rdb/rdbInspector.ts';
import type * as scanners from '../../core/tar/tarScanner.ts';
import type * as restores from '../../core/postgres/restore/restoreDump.ts';
import type * as snapshots from '../../core/redis/snapshot/builtInSnapshot.ts';
import type * as retention from '../../core/retention/index.ts';
import type * as packing from '../../core/volume/archiveDirectory.ts';
import type * as copying from '../../core/volume/copyFile.ts';
import type * as archives from '../../core/volume/restoreArchive.ts';
import type * as verification from '../../core/verify/verifyBackup.ts';

/** The compiled package, which is CommonJS: what is attacked are the very files that ship. */
const fromPackage = createRequire(join(process.cwd(), 'package.json'));

const load = <Module>(path: string): Module => fromPackage(`./dist/core/${path}.js`) as Module;

export const { backUp, newestGoodArtifacts, readCatalog } = load<typeof artifact>('artifact/index');
export const { copyBackups, fetchBackup, openDestination, readRemoteCatalog } =
	load<typeof offsite>('offsite/index');
export const { drill } = load<typeof drills>('postgres/drill/drill');
export const { restoreDump } = load<typeof restores>('postgres/restore/restoreDump');
export const { builtInDump } = load<typeof builtInDumps>('postgres/dump/builtIn/builtInDump');
export const { builtInSnapshot } = load<typeof snapshots>('redis/snapshot/builtInSnapshot');
export const { carryOut, planPrune, planRetention } = load<typeof retention>('retention/index');
export const { archiveDirectory } = load<typeof packing>('volume/archiveDirectory');
export const { copyFile } = load<typeof copying>('volume/copyFile');
export const { restoreArchive } = load<typeof archives>('volume/restoreArchive');
export const { verifyBackup } = load<typeof verification>('verify/verifyBackup');

/** What reads bytes from outside. */
export const { parseManifest } = load<typeof manifestFiles>('artifact/manifestFile');
export const { createDecompressor } = load<typeof compression>('compression/compression');
export const { decryptAge, openHeader } = load<typeof encryption>('encryption/index');
export const { SqlLexer } = load<typeof sql>('postgres/sql/index');
export const { RdbTransfer } = load<typeof transfers>('redis/protocol/rdbTransfer');
export const { RespParser } = load<typeof resp>('redis/protocol/resp');
export const { Crc64 } = load<typeof checksums>('redis/rdb/crc64');
export const { RdbInspector } = load<typeof inspectors>('redis/rdb/rdbInspector');
export const { TarScanner } = load<typeof scanners>('tar/tarScanner');
