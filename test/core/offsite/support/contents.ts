import { PieceReader } from '../../../../core/encryption/pieceReader';
import type { Content } from '../../../../core/offsite/content';

/** Content that comes in pieces, of whatever size and from wherever, and may fail. It can be read again while it is small. */
export function contentFrom(bytes: number, pieces: () => AsyncIterable<Buffer>): Content {
	return {
		bytes,
		open() {
			const reader = new PieceReader(pieces());
			const given = Buffer.alloc(bytes);
			let position = 0;
			return {
				async read(into) {
					const piece = await reader.read(into.length);
					if (piece.copy(into) < into.length) throw new RangeError('There is less than was said');
					position += piece.copy(given, position);
				},
				async readAgain(into, from) {
					await Promise.resolve(given.copy(into, 0, from));
				},
				[Symbol.asyncDispose]: async () => await reader[Symbol.asyncDispose](),
			};
		},
	};
}

/** Content that is at hand. */
export function contentOf(bytes: Buffer): Content {
	return contentFrom(bytes.length, async function* () {
		yield await Promise.resolve(bytes);
	});
}

/** Content of any size, of which nothing is kept. */
export function contentOfOnes(bytes: number): Content {
	const fill = async (into: Buffer) => {
		into.fill(1);
		await Promise.resolve();
	};
	const open = () => ({
		read: fill,
		readAgain: fill,
		[Symbol.asyncDispose]: async () => await Promise.resolve(),
	});
	return { bytes, open };
}
