import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { ParallelBlocks, type ParallelBlocksOptions } from './parallelBlocks';
import { type ListedFrame, seekTable } from './seekTable';

const compressBlock = promisify(zstdCompress);

/**
 * Zstd's fastest search with a window as large as a frame, and a larger table than it has by itself (14), but not so large
 * that it no longer fits a core's own cache. On an n8n database the result is four per cent larger than level 3's, in
 * seven tenths of the time. With a smaller window zstd goes round in its buffer, and looks for matches across the seam: one
 * of 1 MB took five to eight per cent more time, for files one per cent larger.
 */
const balanced = {
	[constants.ZSTD_c_compressionLevel]: 1,
	[constants.ZSTD_c_windowLog]: 22,
	[constants.ZSTD_c_hashLog]: 15,
};

/**
 * More than there are cores make nothing faster, and each holds some 10 MB. (Gzip's blocks are a quarter of the size and
 * take four times as long: with two of them the cores have less to do.)
 */
const framesAtOnce = Math.min(3, availableParallelism());

export interface ZstdFramesOptions extends Partial<
	Pick<ParallelBlocksOptions, 'blockBytes' | 'concurrency'>
> {
	/** 1 to 19; {@link balanced} when undefined. */
	level?: number;
}

/**
 * Zstd that uses more than one core: each block becomes a frame of its own, with its size and a checksum, and the last
 * bytes are a seek table that lists them. `zstd -d`, zstdcat and `tar --zstd` read the result as one stream.
 *
 * A frame finds nothing to refer to in the one before: blocks of 4 MB make a file one per cent larger, of 1 MB seven.
 */
export function zstdFrames({
	level,
	blockBytes = 4 * 1024 * 1024,
	concurrency = framesAtOnce,
}: ZstdFramesOptions = {}): Transform {
	const params = {
		...(level === undefined ? balanced : { [constants.ZSTD_c_compressionLevel]: level }),
		[constants.ZSTD_c_checksumFlag]: 1,
	};
	const frames: ListedFrame[] = [];
	return new ParallelBlocks({
		blockBytes,
		concurrency,
		packBlock: async (block) =>
			await compressBlock(block, { params, chunkSize: blockBytes / 4, pledgedSrcSize: block.length }),
		onPacked: (frame, rawBytes) => {
			const checksum = frame.readUInt32LE(frame.length - 4);
			frames.push({ compressedBytes: frame.length, rawBytes, checksum });
		},
		ending: () => seekTable(frames),
	});
}
