import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { base256, padded, paxRecord, rawHeader, special } from '../../lab/rawTar.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { restoreArchive } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';

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
		assertKept(isForPeople(error), `It fails: ${String(error)}`);
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

/** Mostly harmless, so that what is hostile is not refused for something else before it is reached. */
function hostileTar(outside: string, random: Random): Buffer {
	const members = Array.from({ length: 2 + random.below(6) }, (_unused, i) => harmless(i, random));
	const strikes = 1 + random.below(2);
	for (let i = 0; i < strikes; i += 1) {
		members.splice(random.below(members.length + 1), 0, ...random.pick(hostilities)(outside, random));
	}
	const end = random.below(12) === 0 ? Buffer.alloc(random.below(600)) : Buffer.alloc(1024);
	return Buffer.concat([...members, end]);
}

type Hostility = (outside: string, random: Random) => Buffer[];

const names = (outside: string) => [
	...['../../outside/file', '../../outside/new', '../outside/file', 'directory/../../../outside/new'],
	...[`${outside}/file`, `${outside}/new`, '/etc/n8n-backup-attack', '..', '../..', '.', '', '//', 'a\nb'],
	...['link/file', 'link/new', 'directory/link/file', 'link/../outside/file', './link//file', 'file'],
	...[
		'other\0../../outside/file',
		'\xff\xfe',
		`${'long/'.repeat(60)}file`,
		'lost+found',
		'.restore-x.partial',
	],
];

const targets = (outside: string) => [
	...[
		outside,
		`${outside}/file`,
		'../../outside',
		'../../outside/file',
		'../outside',
		'/',
		'..',
		'.',
		'file',
		'',
	],
];

const hostilities: readonly Hostility[] = [
	// A name that leads elsewhere.
	(outside, random) => [member({ name: random.pick(names(outside)), content: random.bytes(100) })],
	(outside, random) => {
		const path = paxRecord('path', random.pick(names(outside)));
		return [special('x', path), member({ name: 'harmless', content: random.bytes(100) })];
	},
	(outside, random) => [special('L', `${random.pick(names(outside))}\0`), member({ name: 'harmless' })],
	(outside, random) => [
		special('g', paxRecord('path', random.pick(names(outside)))),
		member({ name: 'harmless' }),
	],
	// A link that leads elsewhere, and a way through it.
	(outside, random) => {
		const link = member({
			name: 'way',
			type: random.pick(['1', '2']),
			linkName: random.pick(targets(outside)),
		});
		return [link, member({ name: random.pick(['way', 'way/file', 'way/new']), content: random.bytes(100) })];
	},
	(outside, random) => {
		const [way, more] = ['2', '2'].map((type, i) =>
			member({ name: ['way', 'way-2'][i]!, type, linkName: [random.pick(targets(outside)), 'way'][i]! }),
		);
		return [way!, more!, member({ name: 'way-2/file', content: random.bytes(100) })];
	},
	(outside, random) => {
		const target = special('K', `${random.pick(targets(outside))}\0`);
		return [target, member({ name: 'way', type: random.pick(['1', '2']) }), member({ name: 'way/new' })];
	},
	(outside, random) => {
		const target = special('x', paxRecord('linkpath', random.pick(targets(outside))));
		return [target, member({ name: 'way', type: random.pick(['1', '2']) }), member({ name: 'way/new' })];
	},
	// What is no file.
	(_outside, random) => [
		member({ name: 'strange', type: random.pick(['3', '4', '6', '7', 'S', 'V', 'M', 'Z']) }),
	],
	// A size that is none.
	(_outside, random) => {
		const sizes = [
			'77777777777\0',
			base256(-1n, 12),
			base256(1n << 70n, 12),
			'garbage!!!!\0',
			'00000001000\0',
		];
		return [member({ name: 'sized', content: random.bytes(100), size: random.pick(sizes) })];
	},
	(_outside, random) => {
		const sizes = ['0', '5', '-1', '99999999999999999999', 'x', ''];
		return [
			special('x', paxRecord('size', random.pick(sizes))),
			member({ name: 'sized', content: random.bytes(100) }),
		];
	},
	(_outside, random) => {
		const records = ['30 path=too short\n', 'x', paxRecord('mtime', '1e400'), paxRecord('mtime', 'NaN'), ''];
		return [special('x', random.pick(records)), member({ name: 'timed' })];
	},
	(outside, random) => {
		const sparse = [
			paxRecord('GNU.sparse.major', '1'),
			paxRecord('GNU.sparse.name', random.pick(names(outside))),
		];
		return [special('x', sparse.join('')), member({ name: 'sparse', content: random.bytes(600) })];
	},
	// What is there twice, once as a directory.
	(_outside, random) => [
		member({ name: 'twice', type: random.pick(['0', '2', '5']), linkName: 'harmless-0' }),
		member({ name: random.pick(['twice', 'twice/file']), type: random.pick(['0', '5']) }),
	],
];

function harmless(i: number, random: Random): Buffer {
	if (random.below(3) === 0) return member({ name: `directory-${i}/`, type: '5' });
	return member({ name: `harmless-${i}`, content: random.bytes(random.below(2000)) });
}

interface Member {
	name: string;
	type?: string;
	linkName?: string;
	content?: Buffer;
	/** The content's own when undefined. */
	size?: string | Buffer;
}

function member({ name, type = '0', linkName = '', content = Buffer.alloc(0), size }: Member): Buffer {
	const octal = `${content.length.toString(8).padStart(11, '0')}\0`;
	const header = rawHeader({ name: name.slice(0, 100), linkName, type, size: size ?? octal });
	return Buffer.concat([header, padded(content)]);
}
