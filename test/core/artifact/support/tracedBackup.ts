import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, Component } from '../../../../core/artifact';

export interface TracedRun {
	/** Null when it was killed. */
	exitCode: number | null;
	artifact?: Artifact;
	error?: { name: string; code: string; message: string };
	/** The calls that touched the backup directory, in order, such as `link`. */
	calls: string[];
}

export interface TracedBackup {
	root: string;
	/** ISO 8601; names the artifact. */
	startedAt: string;
	content: string;
	/** Whom it is encrypted for; nobody when undefined. */
	recipient?: string;
	/** strace's words for what is to happen at which call, such as `link:signal=KILL:when=2`. */
	inject?: string[];
}

const component: Component = 'env';
const script = join(__dirname, 'makeOneBackup.cjs');

/** Calls that change what is in a directory, or bring it to the disk. */
export const changingCalls = ['mkdir', 'openat', 'write', 'fsync', 'link', 'unlink', 'rename', 'fchmod'];
const allCalls = [
	...changingCalls,
	'statx',
	'fstat',
	'getdents64',
	'close',
	'pread64',
	'read',
	'utimensat',
	'fchown',
	'chown',
	'lchown',
];

/** Makes one backup in a process of its own under strace, which sees only what touches the backup directory. */
export async function tracedBackup({
	root,
	startedAt,
	content,
	recipient,
	inject = [],
}: TracedBackup): Promise<TracedRun> {
	const log = `${root}.strace`;
	const args = [
		...['-f', '-qq', '-o', log, '-e', `trace=${allCalls.join(',')}`, '-e', 'signal=none'],
		...pathsOf(root, startedAt, recipient ? '.age' : '').flatMap((path) => ['-P', path]),
		...inject.flatMap((what) => ['-e', `inject=${what}`]),
		...[process.execPath, script, root, startedAt, content, recipient ?? ''],
	];
	// One thread makes all calls, so that the n-th is always the same one.
	const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
	const child = spawn('strace', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
	let written = '';
	child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
	const exitCode = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	const calls = [...(await readFile(log, 'utf8')).matchAll(/^\d+ +(\w+)\(/gm)].map(([, call = '']) => call);
	if (written === '') return { exitCode, calls };
	const said = JSON.parse(written) as Artifact | Pick<TracedRun, 'error'>;
	return { exitCode, calls, ...('error' in said ? said : { artifact: said as Artifact }) };
}

/** Everything that a run of ours touches, for strace sees no directory as a whole. */
function pathsOf(root: string, startedAt: string, suffix: string): string[] {
	const stamp = startedAt.slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
	const name = `env_${stamp}.backup${suffix}`;
	const names = [name, `${name}.manifest.json`, `.${name}.partial`, `.${name}.manifest.json.partial`];
	const directory = join(root, component);
	return [root, directory, ...names.map((one) => join(directory, one))];
}

/** Each call of a run as strace counts them: `link:…:when=2` is the second one. */
export function occurrences(calls: string[], wanted: string[]): Array<{ call: string; nth: number }> {
	const counts = new Map<string, number>();
	return calls
		.map((call) => {
			const nth = (counts.get(call) ?? 0) + 1;
			counts.set(call, nth);
			return { call, nth };
		})
		.filter(({ call }) => wanted.includes(call));
}
