import { FrameFollower } from './frameFollower';
import { zstdError } from './zstdError';

/** Bytes of one frame, in a piece of memory that is valid until the next part is asked for. */
export interface FramePart {
	bytes: Buffer;
	/** How far the frame is followed with these bytes. */
	frame: FrameFollower;
}

/**
 * Cuts a zstd file at the ends of its frames: each part belongs to one frame, and a frame's last part makes it whole.
 *
 * @param pieces each valid until the next one is asked for
 * @throws an error with the code `Z_BUF_ERROR` where the file ends before a frame does or has none, `ZSTD_NO_FRAME`
 * and `ZSTD_BEHIND_END` where something else begins
 */
export async function* frameParts(pieces: AsyncIterable<Buffer>): AsyncGenerator<FramePart, void> {
	let frame: FrameFollower | undefined;
	let wholeFrames = 0;
	for await (const piece of pieces) {
		for (let at = 0; at < piece.length;) {
			frame ??= new FrameFollower();
			const taken = follow(frame, piece.subarray(at), wholeFrames);
			yield { bytes: piece.subarray(at, at + taken), frame };
			at += taken;
			if (!frame.isWhole) continue;
			frame = undefined;
			wholeFrames += 1;
		}
	}
	if (frame || wholeFrames === 0) throw zstdError('Z_BUF_ERROR', 'unexpected end of file');
}

function follow(frame: FrameFollower, bytes: Buffer, wholeFrames: number): number {
	try {
		return frame.take(bytes);
	} catch (error) {
		if (wholeFrames === 0) throw error;
		throw zstdError('ZSTD_BEHIND_END', 'the file goes on behind its last frame');
	}
}
