import { setImmediate } from 'node:timers/promises';
import { type ByteTarget, putAll, putSome } from '../../../core/blocks';

/** Room for so many bytes, in pieces of at most three. */
class SmallTarget implements ByteTarget {
	readonly memory = Buffer.alloc(16);
	#at = 0;
	#end: number;
	#onRoom: (() => void) | undefined;

	constructor(room: number) {
		this.#end = room;
	}

	space(): Buffer | undefined {
		if (this.#at === this.#end) return undefined;
		return this.memory.subarray(this.#at, Math.min(this.#at + 3, this.#end));
	}

	advance(count: number): void {
		this.#at += count;
	}

	async room(): Promise<void> {
		await new Promise<void>((resolve) => (this.#onRoom = resolve));
	}

	makeRoom(bytes: number): void {
		this.#end += bytes;
		this.#onRoom?.();
	}

	get text(): string {
		return this.memory.toString('latin1', 0, this.#at);
	}
}

test('as much is put as there is room for', () => {
	const target = new SmallTarget(7);
	expect(putSome(target, Buffer.from('abcd'))).toBe(4);
	expect(putSome(target, Buffer.from('efgh'))).toBe(3);
	expect(putSome(target, Buffer.from('h'))).toBe(0);
	expect(target.text).toBe('abcdefg');
});

test('everything is put as room comes, and not before', async () => {
	const target = new SmallTarget(2);
	let isPut = false;
	const put = putAll(target, Buffer.from('abcdefg')).then(() => (isPut = true));
	await setImmediate();
	expect(target.text).toBe('ab');
	target.makeRoom(1);
	await setImmediate();
	expect(target.text).toBe('abc');
	expect(isPut).toBe(false);
	target.makeRoom(4);
	await put;
	expect(target.text).toBe('abcdefg');
});
