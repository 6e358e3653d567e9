import type { RdbFacts } from '../rdb/rdbInspector';

/**
 * Whether this many keys are all of an RDB, as far as that is known. Servers since Redis 6.2 leave out keys without
 * values when they load, those before keep them.
 *
 * @param missing keys that may have expired meanwhile
 */
export function holdsAll(keys: number, { keys: wanted, emptyKeys }: RdbFacts, missing = 0): boolean {
	return wanted === undefined || (keys <= wanted && keys >= wanted - emptyKeys - missing);
}
