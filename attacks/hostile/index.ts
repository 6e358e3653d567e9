import type { Attack } from '../harness/attack.ts';
import { fuzzedReaders } from '../fuzz/fuzzed.ts';
import { bombs } from './bombs.ts';
import { hostileDumps } from './dumps.ts';
import { plantedLinks } from './links.ts';
import { hostileManifests } from './manifests.ts';
import { hostileRdbs } from './rdbs.ts';
import { sqlCuts } from './sqlCuts.ts';
import { hostileTars } from './tars.ts';

/** Backups that nobody makes who means well. */
export const hostileBackups: Attack[] = [
	...hostileManifests,
	...hostileTars,
	...plantedLinks,
	...hostileDumps,
	...sqlCuts,
	...bombs,
	...hostileRdbs,
	...fuzzedReaders,
];
