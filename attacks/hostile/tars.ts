import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { base256, padded, paxRecord, rawHeader, special } from '../../lab/rawTar.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { restoreArchive } from '../harness/package.ts';

const run = promisify(execFile);

/** A restore that takes longer than this on a few kilobytes has no bounds. */
const mostSeconds = 20;

/** Archives that nobody would make who means well. */
export const hostileTars: Attack[] = [
	{
		promise: 'contained',
		fault:
			'tars with paths, links, sizes and pax records that lead elsewhere, over links that were planted before',
		faults: { whole: 2000, short: 60 },
		open: async (scratch) => await open(scratch),
	},
];

async function open(scratch: string): Promise<Arena> {
	const outside = join(scratch, 'outside');
	const target = join(scratch, 'target');
	const archive = join(scratch, 'hostile.tar.gz');
	await mkdir(join(outside, 'directory'), { recursive: true });
	await writeFile(join(outside, 'file'), 'what nobody may touch');
	await writeFile(join(outside, 'directory', 'file'), 'nor this');
	await writeFile(archive, '');
	const beforehand = await describe(scratch);
	return {
		async strike(random: Random) {
			await rm(target, { recursive: true, force: true });
			await mkdir(target);
			const overwrite = random.below(2) === 0;
			if (overwrite) await plantLinks(target, outside);
			const planted = await readdir(target);
			await writeFile(archive, gzipSync(hostileTar(outside, random)));
			const error = await restore(archive, target, overwrite);
			assertKept((await describe(scratch)) === beforehand, 'Something outside of the destination is another');
			if (error === undefined) return true;
			const left = await readdir(target);
			assertKept(
				left.sort().join('/') === planted.sort().join('/'),
				`A restore that failed leaves ${left.join(', ')}`,
			);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

/** @returns what a person is told where it is refused */
async function restore(
	artifactPath: string,
	destination: string,
	overwrite: boolean,
): Promise<string | undefined> {
	const signal = AbortSignal.timeout(mostSeconds * 1000);
	try {
		await restoreArchive({ artifactPath, destination, overwrite, mostBytes: 50_000_000 }, signal);
		return undefined;
	} catch (error) {
		assertKept(!signal.aborted, `It takes longer than ${mostSeconds} s`);
		assertKept(error instanceof Error && error.name === 'BackupError', `It fails: ${String(error)}`);
		return error.message;
	}
}

/** Everything beside the destination and the archive itself, as find and sha256sum see it. */
async function describe(scratch: string): Promise<string> {
	const script = `find . -path ./target -prune -o -path ./hostile.tar.gz -prune -o -mindepth 1 -printf '%p %y %m %u %s %T@ %l\\n' | sort;
		find outside -type f -exec sha256sum {} + | sort`;
	return (await run('sh', ['-c', script], { cwd: scratch })).stdout;
}

async function plantLinks(target: string, outside: string): Promise<void> {
	await symlink(outside, join(target, 'link'));
	await symlink(join(outside, 'file'), join(target, 'file'));
	await mkdir(join(target, 'directory'));
	await symlink('../../outside', join(target, 'directory', 'link'));
}

function hostileTar(outside: string, random: Random): Buffer {
	const members = Array.from({ length: 1 + random.below(10) }, () => hostileMember(outside, random));
	const end = random.below(8) === 0 ? Buffer.alloc(random.below(600)) : Buffer.alloc(1024);
	return Buffer.concat([...members, end]);
}

/** The harmless ones are as many, so that more than the first member is looked at. */
function hostileMember(outside: string, random: Random): Buffer {
	const names = [
		...[
			'file',
			'directory/',
			'directory/file',
			'link',
			'link/file',
			'directory/link/file',
			'other',
			'other/file',
		],
		...[
			'../outside/file',
			'/etc/n8n-backup-attack',
			`${outside}/file`,
			'directory/../../outside/new',
			'..',
			'.',
			'',
		],
		...[
			'link/../outside/file',
			'./link//file',
			'file\0../outside/file',
			'\xff\xfe',
			`${'long/'.repeat(60)}file`,
		],
		...['lost+found', '.restore-x.partial', 'directory/../file', '//', 'C:\\file', 'a\nb'],
	];
	const links = [
		'../outside',
		`${outside}/file`,
		'file',
		'directory',
		'/',
		'..',
		'link',
		'../outside/file',
		'',
	];
	const types = ['0', '0', '0', '\0', '1', '1', '2', '2', '3', '4', '5', '5', '6', '7', 'S', 'V', 'M', 'Z'];
	const content = random.bytes(random.below(3) === 0 ? 0 : random.below(2000));
	const octal = `${content.length.toString(8).padStart(11, '0')}\0`;
	const sizes = [
		octal,
		octal,
		octal,
		octal,
		'77777777777\0',
		base256(-1n, 12),
		base256(1n << 70n, 12),
		'garbage!!!!\0',
	];
	const name = random.pick(names);
	const linkName = random.pick(links);
	const header = rawHeader({
		name: name.slice(0, 100),
		linkName,
		type: random.pick(types),
		size: random.pick(sizes),
	});
	const records = [
		paxRecord('path', random.pick(names)),
		paxRecord('linkpath', random.pick(links)),
		paxRecord('size', random.pick(['0', '5', '-1', '99999999999999999999', 'x'])),
		paxRecord('GNU.sparse.major', '1'),
		paxRecord('GNU.sparse.name', random.pick(names)),
		'30 path=too short\n',
		paxRecord('mtime', random.pick(['-1', 'NaN', '1e400', '253402300800'])),
	];
	const before: Buffer[] = [];
	if (random.below(4) === 0)
		before.push(special(random.pick(['x', 'x', 'g']), random.pick(records) + random.pick(records)));
	if (random.below(6) === 0) before.push(special(random.pick(['L', 'K']), `${random.pick(names)}\0`));
	return Buffer.concat([...before, header, padded(content)]);
}
