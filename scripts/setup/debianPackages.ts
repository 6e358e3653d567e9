import { existsSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { aptGet } from './aptGet.ts';

/** A program that the tests or the demo need (or the path of another file), and the Debian package that brings it. */
export interface NeededProgram {
	program: string;
	debianPackage: string;
}

/** PostgreSQL is none of them: the demo's own comes from npm. */
export const demoPrograms: NeededProgram[] = [{ program: 'redis-server', debianPackage: 'redis-server' }];

/** What n8n's SQLite is compiled with. */
export const compilers: NeededProgram[] = [
	{ program: 'gcc', debianPackage: 'gcc' },
	{ program: 'g++', debianPackage: 'g++' },
	{ program: '/usr/include/uv.h', debianPackage: 'libuv1-dev' },
];

export const testPrograms: NeededProgram[] = [
	...compilers,
	{ program: 'initdb', debianPackage: 'postgresql' },
	{ program: 'psql', debianPackage: 'postgresql-client' },
	{ program: 'pgbouncer', debianPackage: 'pgbouncer' },
	{ program: 'redis-server', debianPackage: 'redis-server' },
	{ program: 'dockerd', debianPackage: 'docker.io' },
	{ program: 'docker-compose', debianPackage: 'docker-compose' },
	// What n8n's image has for programs, what a proxy of the socket is made of, what gives an engine its own network.
	{ program: 'haproxy', debianPackage: 'haproxy' },
	{ program: 'busybox', debianPackage: 'busybox-static' },
	{ program: 'ip', debianPackage: 'iproute2' },
	{ program: 'debootstrap', debianPackage: 'debootstrap' },
	{ program: 'openssl', debianPackage: 'openssl' },
	{ program: 'xz', debianPackage: 'xz-utils' },
	{ program: 'bzip2', debianPackage: 'bzip2' },
	// What localedef makes the locales of servers from that speak another language.
	{ program: 'locale-gen', debianPackage: 'locales' },
	{ program: 'sqlite3', debianPackage: 'sqlite3' },
	{ program: 'strace', debianPackage: 'strace' },
	{ program: 'mount.exfat-fuse', debianPackage: 'exfat-fuse' },
	{ program: 'mkfs.exfat', debianPackage: 'exfatprogs' },
	{ program: 'mkfs.ext4', debianPackage: 'e2fsprogs' },
	{ program: 'bindfs', debianPackage: 'bindfs' },
	{ program: 'faketime', debianPackage: 'faketime' },
	{ program: 'age', debianPackage: 'age' },
	{ program: 'zstd', debianPackage: 'zstd' },
	{ program: 'restic', debianPackage: 'restic' },
	{ program: 'sshd', debianPackage: 'openssh-server' },
	// Its module for SFTP brings the server along.
	{ program: 'proftpd', debianPackage: 'proftpd-mod-crypto' },
	{ program: 'apache2', debianPackage: 'apache2' },
	// What n8n's editor is looked at with.
	{ program: 'chromium', debianPackage: 'chromium' },
	{ program: 'swift-proxy-server', debianPackage: 'swift-proxy' },
	{ program: 'swift-object-server', debianPackage: 'swift-object' },
	{ program: 'swift-container-server', debianPackage: 'swift-container' },
	{ program: 'swift-account-server', debianPackage: 'swift-account' },
	{ program: 'memcached', debianPackage: 'memcached' },
	// Another reader of Prometheus’ text format.
	{
		program: '/usr/lib/python3/dist-packages/prometheus_client/parser.py',
		debianPackage: 'python3-prometheus-client',
	},
];

export const benchPrograms: NeededProgram[] = testPrograms.filter(({ program }) =>
	['initdb', 'psql', 'redis-server'].includes(program),
);

/** What the benchmark sets beside this package; it goes without those that cannot be had. */
export const benchPeers: NeededProgram[] = [
	...['pigz', 'zstd', 'restic', 'rclone', 'pgbackrest'].map((name) => ({
		program: name,
		debianPackage: name,
	})),
	{ program: 'aws', debianPackage: 'awscli' },
];

/** As {@link ensurePrograms}, for programs that are welcome rather than needed. */
export async function offerPrograms(welcome: NeededProgram[]): Promise<void> {
	for (const one of welcome) await ensurePrograms([one]).catch(() => {});
}

/**
 * Installs the Debian packages of those programs that this machine lacks. Services that they bring are not started.
 *
 * @throws Error with one line that says what to install, where this cannot do it: without root or apt-get
 */
export async function ensurePrograms(needed: NeededProgram[]): Promise<void> {
	const missing = needed.filter(({ program }) => !isInstalled(program));
	if (missing.length === 0) return;
	const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
	if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
		throw new Error(
			`Missing: ${missing.map(({ program }) => program).join(', ')}. Install first: sudo apt-get install ${packages.join(' ')}`,
		);
	}
	await withoutStartingServices(async () => {
		await aptGet(['update', '-qq']);
		await aptGet(['install', '-y', '--no-install-recommends', ...packages]);
	});
}

/**
 * Whether a program can be run here. Debian keeps the PostgreSQL server out of PATH, and administrators’ programs
 * out of other users’ PATH.
 */
export function isInstalled(program: string): boolean {
	const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
	if (isAbsolute(program)) return isFile(program);
	if (program === 'initdb' && existsSync('/usr/lib/postgresql')) return true;
	return folders.some((folder) => isFile(join(folder, program)));
}

function isFile(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Debian's packages ask this script before they start a service; exit code 101 forbids it. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
	const policy = '/usr/sbin/policy-rc.d';
	if (existsSync(policy)) return await work();
	await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
	try {
		await work();
	} finally {
		await rm(policy, { force: true });
	}
}
