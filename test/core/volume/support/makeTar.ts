import { type Header, pack } from 'tar-stream';

/** A raw tar with just these members, by a writer that is not ours and lets anything through. */
export async function makeTar(
	...members: Array<Partial<Header> & { name: string } & { content?: string | Buffer }>
): Promise<Buffer> {
	const tar = pack();
	for (const { content, ...header } of members) tar.entry(header, content ?? '');
	tar.finalize();
	const pieces: Buffer[] = [];
	for await (const piece of tar) pieces.push(piece as Buffer);
	return Buffer.concat(pieces);
}
