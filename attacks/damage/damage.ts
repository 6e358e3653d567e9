import type { Random } from '../../lab/random.ts';

type Damage = (bytes: Buffer, other: Buffer, random: Random) => Buffer;

const flip: Damage = (bytes, _other, random) => {
	const damaged = Buffer.from(bytes);
	damaged[random.below(bytes.length)]! ^= 1 << random.below(8);
	return damaged;
};

const cutEnd: Damage = (bytes, _other, random) => bytes.subarray(0, random.below(bytes.length));

const cutBeginning: Damage = (bytes, _other, random) => bytes.subarray(1 + random.below(bytes.length - 1));

const losePiece: Damage = (bytes, _other, random) => {
	const [from, to] = range(bytes, random);
	return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const doublePiece: Damage = (bytes, _other, random) => {
	const [from, to] = range(bytes, random);
	return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
};

const swapPieces: Damage = (bytes, _other, random) => {
	const [first, second, third] = [0, 0, 0].map(() => random.below(bytes.length)).sort((a, b) => a - b);
	const pieces = [bytes.subarray(0, first), bytes.subarray(second, third), bytes.subarray(first, second)];
	return Buffer.concat([...pieces, bytes.subarray(third)]);
};

/** As a disk that lost a page. */
const zeroPage: Damage = (bytes, _other, random) => {
	const damaged = Buffer.from(bytes);
	const page = 4096 * random.below(Math.ceil(bytes.length / 4096));
	return damaged.fill(0, page, Math.min(page + 4096, bytes.length));
};

/** The beginning of this one and the end of another. */
const splice: Damage = (bytes, other, random) =>
	Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);

const append: Damage = (bytes, other, random) =>
	Buffer.concat([bytes, other.subarray(0, 1 + random.below(other.length - 1))]);

const exchange: Damage = (_bytes, other) => other;

const damages: readonly Damage[] = [
	flip,
	flip,
	flip,
	cutEnd,
	cutBeginning,
	losePiece,
	doublePiece,
	swapPieces,
	zeroPage,
	splice,
	append,
	exchange,
];

/** Some damage to a file's bytes, which may leave them as they are. */
export function damage(bytes: Buffer, other: Buffer, random: Random): Buffer {
	return random.pick(damages)(bytes, other, random);
}

/** @returns two places, the second behind the first */
function range({ length }: Buffer, random: Random): [number, number] {
	const from = random.below(length);
	return [from, from + 1 + random.below(length - from)];
}
