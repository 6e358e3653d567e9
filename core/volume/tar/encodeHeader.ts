import { blockBytes, type MemberType, noBytes, paddingOf, type TarMember } from './member';

/**
 * Headers in the GNU format, which `tar` itself writes: names longer than the 100 bytes of a header go into a
 * member of type `L` (link targets: `K`) before it, numbers that octal digits cannot hold are stored in base
 * 256. Chosen over pax because busybox, the only tar in n8n's own image, ignores pax records and would cut long
 * names, and because names stay the bytes that they are.
 * Layout: GNU tar manual, "Basic Tar Format" (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
 */
const field = {
	name: { at: 0, length: 100 },
	mode: { at: 100, length: 8 },
	uid: { at: 108, length: 8 },
	gid: { at: 116, length: 8 },
	size: { at: 124, length: 12 },
	mtime: { at: 136, length: 12 },
	checksum: { at: 148, length: 8 },
	type: { at: 156, length: 1 },
	linkName: { at: 157, length: 100 },
	magic: { at: 257, length: 8 },
} as const;

interface Field {
	at: number;
	length: number;
}

const typeFlags: Record<MemberType, string> = {
	file: '0',
	'hard-link': '1',
	'symbolic-link': '2',
	'character-device': '3',
	'block-device': '4',
	directory: '5',
	pipe: '6',
};

const magic = Buffer.from('ustar  \0', 'latin1');
const longMemberName = Buffer.from('././@LongLink', 'latin1');

/** How many bytes {@link writeHeader} needs for this member. */
export function headerBytes({ path, linkPath }: Pick<TarMember, 'path' | 'linkPath'>): number {
	return blockBytes + longNameBytes(path) + longNameBytes(linkPath);
}

/** Writes the member's header, long names before it, at `offset`. Returns the offset behind it. */
export function writeHeader(target: Buffer, offset: number, member: TarMember): number {
	let at = writeLongName(target, offset, 'K', member.linkPath);
	at = writeLongName(target, at, 'L', member.path);
	return writeBlock(target, at, typeFlags[member.type], member);
}

/** Two blocks of zeros end an archive; tar pads them to a record of 20 blocks, and so do we. */
export function endOfArchive(writtenBytes: number): Buffer {
	const recordBytes = 20 * blockBytes;
	const withEnd = writtenBytes + 2 * blockBytes;
	return Buffer.alloc(2 * blockBytes + ((recordBytes - (withEnd % recordBytes)) % recordBytes));
}

function longNameBytes(name: Buffer): number {
	if (name.length <= field.name.length) return 0;
	const stored = name.length + 1;
	return blockBytes + stored + paddingOf(stored);
}

function writeLongName(target: Buffer, offset: number, flag: 'L' | 'K', name: Buffer): number {
	const bytes = longNameBytes(name);
	if (bytes === 0) return offset;
	writeBlock(target, offset, flag, {
		path: longMemberName,
		linkPath: noBytes,
		size: name.length + 1,
		mode: 0o644,
		uid: 0,
		gid: 0,
		mtime: 0,
	});
	target.fill(0, offset + blockBytes, offset + bytes);
	name.copy(target, offset + blockBytes);
	return offset + bytes;
}

function writeBlock(target: Buffer, offset: number, flag: string, member: Omit<TarMember, 'type'>): number {
	const block = target.subarray(offset, offset + blockBytes);
	block.fill(0);
	member.path.copy(block, field.name.at, 0, field.name.length);
	writeNumber(block, field.mode, member.mode);
	writeNumber(block, field.uid, member.uid);
	writeNumber(block, field.gid, member.gid);
	writeNumber(block, field.size, member.size);
	writeNumber(block, field.mtime, Math.floor(member.mtime));
	block.write(flag, field.type.at, 'latin1');
	member.linkPath.copy(block, field.linkName.at, 0, field.linkName.length);
	magic.copy(block, field.magic.at);
	writeChecksum(block);
	return offset + blockBytes;
}

function writeNumber(block: Buffer, { at, length }: Field, value: number): void {
	const digits = length - 1;
	if (value >= 0 && value < 8 ** digits) {
		block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
		return;
	}
	let rest = BigInt.asUintN(length * 8, BigInt(value));
	for (let i = at + length - 1; i >= at; i--) {
		block[i] = Number(rest & 0xffn);
		rest >>= 8n;
	}
	// The first bit tells base 256 from octal digits; of a negative number it is set anyway.
	block[at]! |= 0x80;
}

function writeChecksum(block: Buffer): void {
	const { at, length } = field.checksum;
	block.fill(0x20, at, at + length);
	let sum = 0;
	for (let i = 0; i < blockBytes; i++) sum += block[i]!;
	block.write(`${sum.toString(8).padStart(6, '0')}\0`, at, 'latin1');
}
