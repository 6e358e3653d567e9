import type { Attack } from './harness/attack.ts';
import { killedBackups } from './crash/backups.ts';
import { killedKeepers } from './crash/keepers.ts';
import { killedRestores } from './crash/restores.ts';
import { foundDamage } from './damage/found.ts';

/** Every attack, in the order of the table. */
export const attacks: Attack[] = [...killedBackups, ...killedKeepers, ...killedRestores, ...foundDamage];
