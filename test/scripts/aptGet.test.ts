import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptGet } from '../../scripts/setup/aptGet.ts';
import { isInstalled } from '../../scripts/setup/debianPackages.ts';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(60_000);

const directory = temporaryDirectory();

/** apt with lists, cache and locks of its own, and no source to fetch from. */
async function useOwnState(): Promise<void> {
	const at = (path: string) => join(directory.path(), path);
	for (const path of ['lists/partial', 'cache/archives/partial', 'dpkg', 'etc']) {
		await mkdir(at(path), { recursive: true });
	}
	await writeFile(at('dpkg/status'), '');
	await writeFile(at('etc/sources.list'), '');
	const settings = {
		'Dir::State::Lists': at('lists'),
		'Dir::State::status': at('dpkg/status'),
		'Dir::Cache': at('cache'),
		'Dir::Etc::SourceList': at('etc/sources.list'),
		'Dir::Etc::SourceParts': at('etc/none'),
		'APT::Sandbox::User': 'root',
	};
	await writeFile(
		at('apt.conf'),
		Object.entries(settings)
			.map(([name, value]) => `${name} "${value}";\n`)
			.join(''),
	);
	process.env.APT_CONFIG = at('apt.conf');
}

/** Holds the lock as apt does, by fcntl, from another process. */
async function hold(path: string): Promise<{ release: () => Promise<void> }> {
	const holder = spawn('perl', [
		'-e',
		`use Fcntl; $| = 1; open(my $f, '>', $ARGV[0]) or die $!;
		my $lock = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
		fcntl($f, F_SETLK, $lock) or die $!;
		print "held"; <STDIN>;`,
		path,
	]);
	const ended = once(holder, 'exit');
	const early = ended.then(() => Promise.reject(new Error('The lock could not be taken')));
	await Promise.race([once(holder.stdout, 'data'), early]);
	early.catch(() => {});
	return {
		release: async () => {
			holder.stdin.end();
			await ended;
		},
	};
}

const whereAptIs = isInstalled('apt-get') && isInstalled('perl') ? describe : describe.skip;

whereAptIs('While another process holds the lock of apt’s lists', () => {
	const before = process.env.APT_CONFIG;
	beforeEach(useOwnState);
	afterEach(() => {
		if (before === undefined) delete process.env.APT_CONFIG;
		else process.env.APT_CONFIG = before;
	});

	test('an update waits for it and succeeds', async () => {
		const lock = await hold(join(directory.path(), 'lists', 'lock'));
		let isFree = false;
		const updating = aptGet(['update', '-qq']);
		updating.catch(() => {});
		setTimeout(() => {
			isFree = true;
			void lock.release();
		}, 2_500);
		await updating;
		expect(isFree).toBe(true);
	});

	test('patience has an end, and the error names the lock', async () => {
		const lock = await hold(join(directory.path(), 'lists', 'lock'));
		try {
			await expect(aptGet(['update', '-qq'], { patienceMs: 1_500 })).rejects.toThrow(
				/^apt-get update -qq ended with exit code 100\.\n.*Could not get lock .*lists\/lock/s,
			);
		} finally {
			await lock.release();
		}
	});

	test('any other failure is told at once', async () => {
		await expect(aptGet(['install', '-y', 'no-such-package'])).rejects.toThrow(
			'Unable to locate package no-such-package',
		);
	});
});
