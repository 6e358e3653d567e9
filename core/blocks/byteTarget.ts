/** Memory that bytes are put into as they come. */
export interface ByteTarget {
	/** Where the next bytes go, with whatever was left there; undefined while there is no room. */
	space(): Buffer | undefined;
	/** The next `count` bytes are in their place. */
	advance(count: number): void;
	/** Resolves when there is room again; never when nobody will make any. */
	room(): Promise<void>;
}

/** Copies as much as there is room for; answers how many bytes that was. */
export function putSome(target: ByteTarget, bytes: Buffer): number {
	let at = 0;
	while (at < bytes.length) {
		const space = target.space();
		if (!space) break;
		const count = Math.min(space.length, bytes.length - at);
		bytes.copy(space, 0, at, at + count);
		target.advance(count);
		at += count;
	}
	return at;
}

/** Copies everything, waiting for room where there is none. */
export async function putAll(target: ByteTarget, bytes: Buffer): Promise<void> {
	let at = putSome(target, bytes);
	while (at < bytes.length) {
		await target.room();
		at += putSome(target, bytes.subarray(at));
	}
}
