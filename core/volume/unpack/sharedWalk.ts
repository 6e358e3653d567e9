import { closeSync, type Dirent, lstatSync, readdirSync } from 'node:fs';
import { shortPathTo, type ShortPath } from '../../files/longPath';
import { displayPath } from '../../tar/member';

/** A name in one directory, and where the same name is, or would be, in another. */
export interface SharedEntry {
	/** What it is in the first. */
	entry: Dirent<Buffer>;
	/** Where to open both of them until the next one is asked for. They are not always what people know them by. */
	source: Buffer;
	target: Buffer;
	/** Below either directory, with a slash in front. */
	below: Buffer;
	/** Whether there is a directory in the second. If it is one in both, what is in it comes next. */
	isDirectoryThere: boolean;
}

interface Level {
	source: ShortPath;
	target: ShortPath;
	below: Buffer;
	entries: Array<Dirent<Buffer>>;
	next: number;
}

const slash = Buffer.from('/');

/**
 * Walks what two trees have in common, and the first one's names in it, depth first and in the order of their bytes, so
 * that a database's own companions come after it. Links are not followed; paths may be longer than the system
 * takes. What was yielded may be moved away before the next is asked for.
 */
export function* walkShared(from: Buffer, to: Buffer): Generator<SharedEntry, void> {
	const levels: Level[] = [];
	const enter = (source: Buffer, target: Buffer, below: Buffer): void => {
		const shown = () => displayPath(Buffer.concat([to, below]));
		const level: Level = {
			source: { location: source },
			target: { location: target },
			below,
			entries: [],
			next: 0,
		};
		levels.push(level);
		level.source = shortPathTo(source, shown);
		level.target = shortPathTo(target, shown);
		level.entries = childrenOf(level.source.location);
	};
	try {
		enter(from, to, Buffer.alloc(0));
		for (let level = levels.at(-1); level; level = levels.at(-1)) {
			const entry = level.entries[level.next++];
			if (!entry) {
				leave(levels.pop()!);
				continue;
			}
			const source = join(level.source.location, entry.name);
			const target = join(level.target.location, entry.name);
			const below = join(level.below, entry.name);
			const isDirectoryThere = isDirectory(target);
			yield { entry, source, target, below, isDirectoryThere };
			if (entry.isDirectory() && isDirectoryThere) enter(source, target, below);
		}
	} finally {
		while (levels.length > 0) leave(levels.pop()!);
	}
}

function leave({ source, target }: Level): void {
	for (const { descriptor } of [source, target]) if (descriptor !== undefined) closeSync(descriptor);
}

/** In the order of their bytes. */
function childrenOf(directory: Buffer): Array<Dirent<Buffer>> {
	const children = readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
	return children.sort((a, b) => Buffer.compare(a.name, b.name));
}

function isDirectory(path: Buffer): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function join(directory: Buffer, name: Buffer): Buffer {
	return Buffer.concat([directory, slash, name]);
}
