import { PieceReader } from '../../../../core/encryption/pieceReader';
import type { Content } from '../../../../core/offsite/content';

/** Content that comes in pieces, of whatever size and from wherever, and may fail. */
export function contentFrom(bytes: number, pieces: () => AsyncIterable<Buffer>): Content {
	return {
		bytes,
		open() {
			const reader = new PieceReader(pieces());
			return {
				async read(into) {
					const piece = await reader.read(into.length);
					if (piece.copy(into) < into.length) throw new RangeError('There is less than was said');
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
