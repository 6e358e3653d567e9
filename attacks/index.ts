import type { Attack } from './harness/attack.ts';
import { killedBackups } from './crash/backups.ts';
import { killedKeepers } from './crash/keepers.ts';
import { killedRestores } from './crash/restores.ts';
import { foundDamage } from './damage/found.ts';
import { failingDisks } from './disk/failing.ts';
import { fullDisks } from './disk/full.ts';
import { killedOnOtherDisks } from './disk/otherDisks.ts';
import { vanishingDirectories } from './disk/vanishing.ts';
import { disturbedBackups } from './network/disturbed.ts';
import { disturbedCopies } from './network/offsite.ts';
import { hostileBackups } from './hostile/index.ts';
import { fileRights } from './privilege/fileRights.ts';
import { leastPrivilege } from './privilege/least.ts';
import { socketProxies } from './privilege/socketProxy.ts';
import { regressionDatabases } from './regression/regression.ts';
import { comparedRetention } from './retention/compared.ts';
import { secretsInN8n } from './secrets/inN8n.ts';
import { searchedSecrets } from './secrets/searched.ts';
import { slowDisks } from './disk/slow.ts';
import { soak } from './soak/soak.ts';
import { changingDatabases } from './outage/changes.ts';
import { postgresOutages } from './outage/postgres.ts';
import { redisOutages } from './outage/redis.ts';
import { setClocks } from './time/setClocks.ts';
import { changedClocks } from './time/zones.ts';
import { manyAtOnce } from './together/manyAtOnce.ts';
import { restoresAtOnce } from './together/restores.ts';
import { twoWorkers } from './together/workers.ts';

/** Every attack, in the order of the table. */
export const attacks: Attack[] = [
	...killedBackups,
	...killedKeepers,
	...killedRestores,
	...disturbedBackups,
	...disturbedCopies,
	...postgresOutages,
	...changingDatabases,
	...redisOutages,
	...fullDisks,
	...failingDisks,
	...slowDisks,
	...killedOnOtherDisks,
	...vanishingDirectories,
	...manyAtOnce,
	...restoresAtOnce,
	...twoWorkers,
	...setClocks,
	...changedClocks,
	...comparedRetention,
	...soak,
	...leastPrivilege,
	...fileRights,
	...socketProxies,
	...regressionDatabases,
	...hostileBackups,
	...foundDamage,
	...searchedSecrets,
	...secretsInN8n,
];
