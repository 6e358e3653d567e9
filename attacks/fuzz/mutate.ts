import type { Random } from '../../lab/random.ts';
import { damage } from '../damage/damage.ts';

type Mutation = (bytes: Buffer, words: readonly (string | Buffer)[], random: Random) => Buffer;

const insertWord: Mutation = (bytes, words, random) => {
	const at = random.below(bytes.length + 1);
	return Buffer.concat([bytes.subarray(0, at), wordOf(words, random), bytes.subarray(at)]);
};

const overwriteWord: Mutation = (bytes, words, random) => {
	const at = random.below(bytes.length + 1);
	const word = wordOf(words, random);
	return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + word.length)]);
};

/** The same again and again, as nobody would have it. */
const repeatWord: Mutation = (bytes, words, random) => {
	const at = random.below(bytes.length + 1);
	const times = 1 + random.below(random.pick([10, 1000, 20_000]));
	const word = wordOf(words, random);
	const repeated = Buffer.alloc(word.length * times, word);
	return Buffer.concat([bytes.subarray(0, at), repeated, bytes.subarray(at)]);
};

const otherNumber: Mutation = (bytes, _words, random) => {
	const changed = Buffer.from(bytes);
	if (bytes.length < 8) return changed;
	const at = random.below(bytes.length - 7);
	const number = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff]);
	if (random.below(2) === 0) changed.writeUInt32LE(number, at);
	else changed.writeUInt32BE(number, at);
	return changed;
};

const mutations: readonly Mutation[] = [
	insertWord,
	insertWord,
	overwriteWord,
	overwriteWord,
	repeatWord,
	otherNumber,
	(bytes, _words, random) => damage(bytes, Buffer.from(bytes).reverse(), random),
];

/** Some changes to bytes of a format, by what means something in it. */
export function mutate(bytes: Buffer, words: readonly (string | Buffer)[], random: Random): Buffer {
	let changed = bytes;
	const times = 1 + random.below(4);
	for (let i = 0; i < times && changed.length > 1; i += 1)
		changed = random.pick(mutations)(changed, words, random);
	return changed;
}

/** The bytes in pieces of any size, some of one byte. */
export function cutAnywhere(bytes: Buffer, random: Random): Buffer[] {
	const pieces: Buffer[] = [];
	const most = random.pick([1, 3, 64, 513, 5000, 100_000]);
	// A piece for every byte of a megabyte proves nothing more, and takes minutes.
	const least = Math.ceil(bytes.length / 20_000);
	for (let at = 0; at < bytes.length;) {
		const piece = bytes.subarray(at, at + Math.max(least, 1 + random.below(most)));
		pieces.push(piece);
		at += piece.length;
	}
	return pieces;
}

function wordOf(words: readonly (string | Buffer)[], random: Random): Buffer {
	const word = random.pick(words);
	return typeof word === 'string' ? Buffer.from(word, 'latin1') : word;
}
