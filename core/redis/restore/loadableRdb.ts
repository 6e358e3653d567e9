import type { RdbFacts } from '../rdb/rdbInspector';

/**
 * The newest RDB version that a server reads, by the first release that reads it (`RDB_VERSION` in `rdb.h` of
 * each). A server that is given a newer one has emptied itself before it notices.
 */
const redisReleases: Array<[release: string, rdbVersion: number]> = [
	['8.10', 15],
	['8.8', 14],
	['8.6', 13],
	['7.4', 12],
	['7.2', 11],
	['7.0', 10],
	['5.0', 9],
	['4.0', 8],
	['3.2', 7],
	['2.6', 6],
];

/** Valkey went its own way at 9: files of its own begin with VALKEY, and of Redis it reads what 7.2 wrote. */
const valkeyOwn = { release: '9.0', rdbVersion: 80 };
const valkeyReadsOfRedis = 11;

/**
 * Whether a server of this `INFO` can read the file. Servers newer than the table read at least what it says.
 * A file with types that this package does not know is for servers no older than the one that wrote it.
 */
export function canLoad(info: Map<string, string>, { magic, version, keys, aux }: RdbFacts): boolean {
	const own = info.get('valkey_version') ?? info.get('redis_version') ?? '0';
	const writer = aux['valkey-ver'] ?? aux['redis-ver'];
	if (keys === undefined && (writer === undefined || !isAtLeast(own, writer))) return false;
	const valkey = info.get('valkey_version');
	if (magic === 'VALKEY') {
		return valkey !== undefined && isAtLeast(valkey, valkeyOwn.release) && version <= valkeyOwn.rdbVersion;
	}
	if (valkey !== undefined) return version <= valkeyReadsOfRedis;
	const redis = info.get('redis_version') ?? '0';
	const known = redisReleases.find(([release]) => isAtLeast(redis, release));
	return known !== undefined && version <= known[1];
}

function isAtLeast(version: string, release: string): boolean {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const [wantedMajor = 0, wantedMinor = 0] = release.split('.').map(Number);
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
