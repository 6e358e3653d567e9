/** Codes of what is wrong with a zstd file as a whole, beside those that zlib's decoder has of a frame. */
export type ZstdErrorCode =
	/** It ends before its last frame does. As zlib has it of gzip. */
	| 'Z_BUF_ERROR'
	/** What should be a frame is none. */
	| 'ZSTD_NO_FRAME'
	/** Something follows the last frame. */
	| 'ZSTD_BEHIND_END'
	/** Its seek table lists other frames. */
	| 'ZSTD_OTHER_FRAMES';

/** An error of zlib's own kind: told by its code. */
export function zstdError(code: ZstdErrorCode, message: string): Error {
	return Object.assign(new Error(message), { code });
}
