import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const types: Record<number, string> = { 0o040000: 'directory', 0o100000: 'file', 0o120000: 'link' };

/**
 * Everything about a tree that an archive should keep, one line a name, in a fixed order. Names are shown as
 * latin1, so that different bytes never look the same. Names of one file share a number.
 */
export function describeTree(root: string): string[] {
	const lines: string[] = [];
	const numbers = new Map<bigint, number>();
	const visit = (location: Buffer, path: string): void => {
		const stats = lstatSync(location, { bigint: true });
		const type = types[Number(stats.mode) & 0o170000] ?? 'other';
		const facts = [path, type, (stats.mode & 0o7777n).toString(8), `${stats.uid}:${stats.gid}`];
		facts.push(`${stats.mtimeNs / 1_000_000_000n}`);
		if (type === 'file') {
			facts.push(createHash('sha256').update(readFileSync(location)).digest('hex').slice(0, 16));
			if (stats.nlink > 1n) {
				if (!numbers.has(stats.ino)) numbers.set(stats.ino, numbers.size);
				facts.push(`one of ${stats.nlink} names of #${numbers.get(stats.ino)}`);
			}
		}
		if (type === 'link') facts.push(readlinkSync(location, { encoding: 'buffer' }).toString('latin1'));
		lines.push(facts.join(' | '));
		if (type !== 'directory') return;
		const names = readdirSync(location, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b));
		for (const name of names) {
			visit(Buffer.concat([location, Buffer.from('/'), name]), `${path}/${name.toString('latin1')}`);
		}
	};
	visit(Buffer.from(root), '.');
	return lines;
}
