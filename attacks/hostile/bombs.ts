import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Component } from '../../core/artifact/index.ts';
import { command } from '../../lab/command.ts';
import { rawHeader } from '../../lab/rawTar.ts';
import type { Random } from '../../lab/random.ts';
import type { Arena, Attack } from '../harness/attack.ts';
import { boundedRun } from '../judges/boundedRun.ts';
import { forge } from './forgedManifest.ts';

/** What a command may take at most, whatever it is given. */
const bounds = { megabytes: 300, seconds: 120 };

/** Small files that become large in whoever reads them. */
export const bombs: Attack[] = [
	{
		promise: 'contained',
		fault:
			'bombs of gzip, zstd and age, tars of a million entries, manifests of 100 MB: read in 300 MB and two minutes',
		faults: { whole: 200, short: 3 },
		open: async (scratch) => await open(scratch),
	},
];

interface Bomb {
	component: Component;
	name: string;
	stored: Buffer;
	/** Of the manifest beside it; one that fits when undefined. */
	manifest?: Buffer;
	more?: Record<string, unknown>;
}

type Build = (random: Random) => Bomb;

async function open(scratch: string): Promise<Arena> {
	const root = join(scratch, 'backups');
	const identity = join(scratch, 'identity');
	await writeFile(identity, (await command(['keygen'])).stdout);
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			const { component, name, stored, manifest, more } = random.pick(builds)(random);
			const directory = join(root, component);
			await mkdir(directory, { recursive: true });
			const path = await forge({ directory, name, component, stored, more });
			if (manifest) await writeFile(`${path}.manifest.json`, manifest);
			const into = join(scratch, 'restored');
			await rm(into, { recursive: true, force: true });
			const works = [
				['verify', path, '--identity', identity],
				['verify', path, '--no-manifest', '--identity', identity],
				['list', '--directory', root],
				['prune', '--dry-run', '--directory', root],
				...(component === 'n8n' ? [['restore', 'volume', path, '--to', into]] : []),
				...(component === 'env' ? [['restore', 'file', path, '--to', into, '--identity', identity]] : []),
			];
			await boundedRun(random.pick(works), bounds);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

const megabyte = 1024 * 1024;

/** As many megabytes of one piece as a compressor makes nothing of. */
function inflated(
	piece: Buffer,
	megabytes: number,
	compress: (bytes: Buffer) => Buffer,
	before = '',
): Buffer {
	const filled = Buffer.alloc(megabyte, piece);
	const member = compress(filled);
	return Buffer.concat([compress(Buffer.from(before)), ...Array.from({ length: megabytes }, () => member)]);
}

/** Beginnings of a dump whose rest is to be held in memory by who waits for its end. */
const unending = [
	...[
		"SELECT '",
		'SELECT "',
		'SELECT $tag$',
		"SELECT E'",
		'/* ',
		'-- ',
		'\\',
		'SELECT ',
		'SELECT (',
		'$',
		'',
	],
	...[
		'COPY t FROM stdin;\n',
		'COPY t FROM stdin; ',
		'CREATE FUNCTION f() BEGIN ATOMIC ',
		"SET client_encoding = '",
	],
];

const pieces = [
	' ',
	'\n',
	'a',
	'(',
	';',
	"'",
	'$',
	'$a',
	'\\',
	'/*',
	'*/',
	'-- x\n',
	'a\n',
	'\t',
	'\0',
	'\\.',
	"''",
	'1;\n',
];

const dump: Build = (random) => {
	const before = `-- PostgreSQL database dump\n${random.pick(unending)}`;
	const [extension, compress] = random.pick(compressors);
	const stored = inflated(Buffer.from(random.pick(pieces)), 100 + random.below(200), compress, before);
	return { component: 'postgres', name: `n8n_20261123_020000.sql${extension}`, stored };
};

const compressors: ReadonlyArray<[string, (bytes: Buffer) => Buffer]> = [
	['.gz', (bytes) => gzipSync(bytes)],
	['.zst', (bytes) => zstdCompressSync(bytes)],
];

const archive: Build = (random) => {
	const [extension, compress] = random.pick(compressors);
	const stored = inflated(Buffer.from(random.pick(['\0', 'a', '7'])), 100 + random.below(400), compress);
	return { component: 'n8n', name: `n8n_data_20261123_020000.tar${extension}`, stored };
};

/** Members by the thousand, which whoever remembers each of them has to remember. */
const manyMembers: Build = (random) => {
	const kind = random.pick(['0', '2', '1', '5', 'mixed']);
	const depth = random.pick([1, 1, 30]);
	const thousands = random.pick([20, 200, 1000]);
	const pieces = Array.from({ length: thousands }, (_unused, thousand) => {
		const headers = Array.from({ length: 1000 }, (_also, i) => {
			const type = kind === 'mixed' ? random.pick(['0', '2', '5']) : kind;
			const name = `${'d/'.repeat(depth)}${thousand * 1000 + i}-${'x'.repeat(20)}`;
			return rawHeader({ name, type, linkName: type === '2' || type === '1' ? `0-${'x'.repeat(60)}` : '' });
		});
		return gzipSync(Buffer.concat(headers), { level: 1 });
	});
	const stored = Buffer.concat([...pieces, gzipSync(Buffer.alloc(1024))]);
	return { component: 'n8n', name: 'n8n_data_20261123_020000.tar.gz', stored };
};

/** Frames that claim what they do not have. */
const zstdClaims: Build = (random) => {
	const frame = zstdCompressSync(Buffer.alloc(1000, 'a'));
	const skippable = (bytes: number) => {
		const header = Buffer.alloc(8);
		header.writeUInt32LE(0x184d2a50 + random.below(16), 0);
		header.writeUInt32LE(bytes, 4);
		return header;
	};
	// Magic, descriptor without size, a window of two gigabytes, then a block.
	const wideWindow = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8 + random.below(80), 1, 0, 0]);
	const hugeContent = Buffer.concat([
		Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0]),
		Buffer.alloc(8, 0x7f),
		Buffer.from([1, 0, 0]),
	]);
	const stored = random.pick([
		Buffer.concat([skippable(0xffffffff), Buffer.alloc(megabyte)]),
		Buffer.concat(Array.from({ length: 300_000 }, () => skippable(0))),
		Buffer.concat([frame, skippable(0xfffffff0)]),
		Buffer.concat([wideWindow, frame]),
		hugeContent,
		Buffer.concat(Array.from({ length: 200_000 }, () => zstdCompressSync(Buffer.alloc(0)))),
	]);
	const name = random.pick(['n8n_20261123_020000.sql.zst', 'n8n_data_20261123_020000.tar.zst']);
	return { component: name.includes('tar') ? 'n8n' : 'postgres', name, stored };
};

const ageHeaders: Build = (random) => {
	const stanza = random.pick([
		`-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`,
		`-> scrypt ${'A'.repeat(22)} ${random.pick(['62', '30', '22', '999999999'])}\n${'A'.repeat(43)}\n`,
		`-> ${'x'.repeat(5000)} y\n${'A'.repeat(64)}\n`.repeat(3),
		`-> x ${'y '.repeat(5000)}\n\n`,
		`-> x\n${`${'A'.repeat(64)}\n`.repeat(5000)}\n`,
	]);
	const times = Math.min(random.pick([1, 2, 3000]), Math.ceil(100_000_000 / stanza.length));
	const text = `age-encryption.org/v1\n${stanza.repeat(times)}--- ${'A'.repeat(43)}\n`;
	const stored = Buffer.concat([Buffer.from(text), random.bytes(random.below(200_000))]);
	const encryption = { format: 'age', recipients: ['age1x'] };
	return { component: 'env', name: 'env_20261123_020000.backup.age', stored, more: { encryption } };
};

/** Of a hundred megabytes, or of as many as are read and as much in them as fits. */
const manifests: Build = (random) => {
	const size = random.pick([1, 31, 31, 100]) * megabyte;
	const piece = random.pick(['{},', '[],', '0,', '"",', '{"a":0},', 'null,', '[[[[[[]]]]]],', ' ']);
	const repeated = piece.repeat(Math.floor(size / piece.length));
	const manifest = random.pick([
		`{"schemaVersion":1,"warnings":[${repeated}0]}`,
		`{"schemaVersion":1,"census":[${repeated}0]}`,
		`{"schemaVersion":9,"copies":[${repeated}0]}`,
		`{"artifact":[${repeated}0]}`,
		`{"schemaVersion":2,"component":"env","more":[${repeated}0]}`,
		`[${repeated}0]`,
		`${'['.repeat(size)}`,
		`${'{"a":'.repeat(size / 5)}`,
		`{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a":[${repeated}0]}`,
		`{${Array.from({ length: 300_000 }, (_unused, i) => `"${i}-${'k'.repeat(i % 90)}":0`).join(',')}}`,
		`{"a":"${'\\u0041'.repeat(size / 6)}"}`,
		`{"storedBytes":${'9'.repeat(size)}}`,
	]);
	const stored = Buffer.from('N8N_ENCRYPTION_KEY=x\n');
	return { component: 'env', name: 'env_20261123_020000.backup', stored, manifest: Buffer.from(manifest) };
};

const builds: readonly Build[] = [
	manifests,
	dump,
	dump,
	archive,
	manyMembers,
	zstdClaims,
	ageHeaders,
	manifests,
	manifests,
];
