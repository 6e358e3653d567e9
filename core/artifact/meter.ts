/** Counts bytes that go past. */
export class Meter {
	bytes = 0;

	/**
	 * Passes pieces on as they are.
	 *
	 * @param see called with each piece, after it was counted
	 */
	async *count(pieces: AsyncIterable<Buffer>, see: (piece: Buffer) => void): AsyncGenerator<Buffer, void> {
		for await (const piece of pieces) {
			this.bytes += piece.length;
			see(piece);
			yield piece;
		}
	}
}
