import { types } from 'node:util';
import {
	createDecompressor,
	decryptAge,
	openHeader,
	parseManifest,
	RdbInspector,
	SqlLexer,
	TarScanner,
} from '../harness/package.ts';
import { psync, resp } from './answers.ts';
import { Seen } from './seen.ts';
import type { Target } from './target.ts';

/** More than this is not taken out of something packed: it is asked for piece by piece. */
const mostUnpacked = 32 * 1024 * 1024;

const lexer: Target = {
	name: 'sql',
	words: [
		...[
			"'",
			"''",
			'"',
			'$$',
			'$a$',
			'$a',
			'\\',
			'\\.',
			'\\.\n',
			';',
			'(',
			')',
			'--',
			'/*',
			'*/',
			"E'",
			"U&'",
			'\n',
			'\r',
		],
		...[
			'BEGIN ATOMIC ',
			'END',
			'CREATE FUNCTION f() ',
			'COPY t FROM stdin;\n',
			'COPY t FROM stdin',
			'\\connect x\n',
		],
		...[
			'SET standard_conforming_strings = off;',
			"SET client_encoding = 'BIG5';",
			"SET client_encoding = 'UTF8';",
		],
		...['\0', Buffer.from([0x95, 0x5c]), Buffer.from([0xff]), '\t', '1e', 'a', ' '],
	],
	async read(pieces) {
		const lexer = new SqlLexer();
		const seen = new Seen();
		const take = (segments: ReturnType<typeof lexer.push>) => {
			for (const segment of segments) {
				if (segment.kind === 'copy-data') seen.more(segment.chunk);
				else seen.note(segment.kind, segment.line, 'text' in segment ? segment.text : segment.rows);
			}
		};
		try {
			for (const piece of pieces) take(lexer.push(Buffer.from(piece)));
			take(lexer.end());
		} catch (error) {
			seen.fault(error);
		}
		return await Promise.resolve(seen.digest());
	},
};

const tar: Target = {
	name: 'tar',
	words: [
		...['ustar\x0000', 'ustar  \0', '00000000000\0', '77777777777\0', Buffer.from([0x80, 0, 0, 0])],
		...[
			'0',
			'1',
			'2',
			'5',
			'x',
			'g',
			'L',
			'K',
			'S',
			'20 path=../../a\n',
			'12 size=99\n',
			'19 GNU.sparse.a=1\n',
			'../',
		],
	],
	repair: withTarChecksums,
	async read(pieces) {
		const scanner = new TarScanner();
		const seen = new Seen();
		try {
			for (const piece of pieces) {
				for (const event of scanner.scan(Buffer.from(piece))) {
					if (event.kind === 'content') seen.more(event.bytes);
					else seen.note(event.kind, JSON.stringify(event.member));
				}
			}
			scanner.end();
		} catch (error) {
			seen.fault(error);
		}
		return await Promise.resolve(seen.digest());
	},
};

const rdbWords = [
	...[
		[0x80, 0xff, 0xff, 0xff, 0xff],
		[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
		[0xc3, 0x40, 0xff, 0x80, 0xff],
	],
	...[
		[0xff],
		[0xfe],
		[0xfd],
		[0xfc],
		[0xfa],
		[0xf7],
		[0xf6],
		[0xf5],
		[0xc0],
		[0xc1],
		[0xc2],
		[0xc3],
		[0xc4],
		[0x7f, 0xff],
	],
	...Array.from({ length: 26 }, (_unused, type) => [type]),
].map((bytes) => Buffer.from(bytes));

/** Snapshots. */
export const rdb: Target = {
	name: 'rdb',
	words: [...rdbWords, 'REDIS0011', 'VALKEY080', 'REDIS9999'],
	async read(pieces) {
		const inspector = new RdbInspector();
		for (const piece of pieces) inspector.take(Buffer.from(piece));
		return await Promise.resolve(JSON.stringify(inspector.finish()));
	},
};

const manifest: Target = {
	name: 'manifest',
	words: [
		'{',
		'}',
		'[',
		']',
		',',
		':',
		'"',
		'null',
		'1e999',
		'-0',
		'"__proto__":',
		'"constructor":',
		'\\u0000',
		'\ufeff',
		'\\ud800',
	],
	async read(pieces) {
		return await Promise.resolve(JSON.stringify(parseManifest(Buffer.concat(pieces), 'manifest').manifest));
	},
};

const zstd: Target = {
	name: 'zstd',
	words: [
		Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
		...[0x50, 0x5d, 0x5e, 0x5f].map((byte) => Buffer.from([byte, 0x2a, 0x4d, 0x18])),
		...[
			[0xff, 0xff, 0xff, 0xff],
			[0, 0, 0, 0],
			[0xb1, 0xea, 0x92, 0x8f],
			[1, 0, 0],
			[3, 0, 0x10],
			[0xe4],
			[0x20],
		].map((bytes) => Buffer.from(bytes)),
	],
	async read(pieces) {
		const seen = new Seen();
		let bytes = 0;
		try {
			const decompress = createDecompressor('zstd') as (
				from: AsyncIterable<Buffer>,
			) => AsyncGenerator<Buffer, void>;
			for await (const chunk of decompress(copied(pieces))) {
				seen.more(chunk);
				bytes += chunk.length;
				if (bytes > mostUnpacked) return 'large';
			}
		} catch (error) {
			// readArtifact makes “damaged” of whatever has a code.
			// Of Node's own world, which in a test is not this one.
			if (!types.isNativeError(error) || !('code' in error)) throw error;
			return 'damaged';
		}
		return seen.digest();
	},
};

/** Made for this; it opens nothing else. */
const identity = 'AGE-SECRET-KEY-1LM4ZU8FEET6D65HHYPWC2PXEURJY28HM8Z3UNZXZN0HKKP7X36WS5E7DC0';

const age: Target = {
	name: 'age',
	words: [
		'age-encryption.org/v1\n',
		'-> X25519 ',
		'-> scrypt ',
		'--- ',
		'\n',
		' ',
		'A'.repeat(43),
		'A'.repeat(64),
		'-> ',
		'\r',
	],
	async read(pieces) {
		const seen = new Seen();
		const keys = { identities: [identity], passphrase: undefined };
		try {
			for await (const chunk of decryptAge(copied(pieces), async (header) => await openHeader(header, keys)))
				seen.more(chunk);
		} catch (error) {
			seen.fault(error);
		}
		return seen.digest();
	},
};

export const targets: readonly Target[] = [lexer, tar, rdb, manifest, resp, psync, zstd, age];

/** Whoever is handed a piece may find other bytes in it once it asks for the next one. */
async function* copied(pieces: readonly Buffer[]): AsyncGenerator<Buffer, void> {
	for (const piece of pieces) {
		const lent = Buffer.from(piece);
		yield await Promise.resolve(lent);
		lent.fill(0x5a);
	}
}

function withTarChecksums(bytes: Buffer): Buffer {
	const repaired = Buffer.from(bytes);
	for (let at = 0; at + 512 <= repaired.length; at += 512) {
		const block = repaired.subarray(at, at + 512);
		if (!block.subarray(257, 262).equals(Buffer.from('ustar'))) continue;
		block.fill(0x20, 148, 156);
		const sum = block.reduce((total, byte) => total + byte, 0);
		block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	}
	return repaired;
}
