import { createHash } from 'node:crypto';
import type { Manifest } from '../artifact';
import type { Destination } from './destination';

/** Reads a file at a destination to its end. */
export async function hashRemote(
	destination: Destination,
	name: string,
	signal: AbortSignal,
	onBytes: (bytes: number) => void = () => {},
): Promise<Pick<Manifest, 'storedBytes' | 'sha256'>> {
	const hash = createHash('sha256');
	let storedBytes = 0;
	for await (const piece of destination.get(name, signal)) {
		hash.update(piece);
		storedBytes += piece.length;
		onBytes(piece.length);
	}
	return { storedBytes, sha256: hash.digest('hex') };
}
