import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `describe` for tests that mount file systems of their own, as root. Where that is forbidden they are skipped, and
 * the report says why; with CI=true that is an error instead.
 */
export function describeDisks(title: string, tests: () => void): void {
	const reason = whyNoDisks();
	if (reason === undefined) describe(title, tests);
	else describe.skip(`${title} (${reason})`, tests);
}

function whyNoDisks(): string | undefined {
	const directory = mkdtempSync(join(tmpdir(), 'n8n-backup-mount-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'pipe' });
		execFileSync('umount', [directory]);
		return undefined;
	} catch (error) {
		if (process.env.CI === 'true') throw error;
		return 'file systems cannot be mounted here';
	} finally {
		rmdirSync(directory);
	}
}

export interface Disks {
	/** A file system of its own in a file, mounted; `options` are those of `mkfs.ext4`. */
	ext4(name: string, options?: string[]): string;
	/** What only memory holds, mounted. */
	memory(name: string): string;
	/** One directory seen at another path, too. */
	bind(source: string, name: string): string;
	/** The same through FUSE, which gives all that is below one device number. */
	fuse(source: string, name: string): string;
	path(...parts: string[]): string;
}

/** A directory with disks in it: made before each test, gone after it. */
export function temporaryDisks(): Disks {
	let directory = '';
	let mounted: string[] = [];
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'n8n-backup-disks-'));
		mounted = [];
	});
	afterEach(() => {
		for (const path of mounted.toReversed()) execFileSync('umount', [path]);
		// Node itself cannot remove what lies deeper than its paths may be long.
		execFileSync('rm', ['-rf', directory]);
		rmSync(directory, { recursive: true, force: true });
	});
	const mount = (name: string, program: string, argsFor: (path: string) => string[]): string => {
		const path = join(directory, name);
		mkdirSync(path, { recursive: true });
		execFileSync(program, argsFor(path), { stdio: 'pipe' });
		mounted.push(path);
		return path;
	};
	return {
		ext4: (name, options = []) => {
			const image = join(directory, `${name.replaceAll('/', '-')}.image`);
			execFileSync('truncate', ['-s', '64M', image]);
			execFileSync('mkfs.ext4', ['-q', ...options, image], { stdio: 'pipe' });
			return mount(name, 'mount', (path) => ['-o', 'loop', image, path]);
		},
		memory: (name) => mount(name, 'mount', (path) => ['-t', 'tmpfs', 'tmpfs', path]),
		bind: (source, name) => mount(name, 'mount', (path) => ['--bind', source, path]),
		fuse: (source, name) => mount(name, 'bindfs', (path) => [source, path]),
		path: (...parts) => join(directory, ...parts),
	};
}
