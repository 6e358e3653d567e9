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

const zeros = new Uint8Array(blockBytes);
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
	target.set(zeros, offset);
	writeBytes(target, offset, field.name, member.path);
	writeNumber(target, offset, field.mode, member.mode);
	writeNumber(target, offset, field.uid, member.uid);
	writeNumber(target, offset, field.gid, member.gid);
	writeNumber(target, offset, field.size, member.size);
	writeNumber(target, offset, field.mtime, Math.floor(member.mtime));
	target[offset + field.type.at] = flag.charCodeAt(0);
	writeBytes(target, offset, field.linkName, member.linkPath);
	writeBytes(target, offset, field.magic, magic);
	writeChecksum(target, offset);
	return offset + blockBytes;
}

function writeBytes(target: Buffer, offset: number, { at, length }: Field, bytes: Buffer): void {
	if (bytes.length > 0) bytes.copy(target, offset + at, 0, length);
}

/** Octal digits and a zero byte. By hand, because five of these a file are most of what a header costs. */
function writeNumber(target: Buffer, offset: number, { at, length }: Field, value: number): void {
	const last = offset + at + length - 1;
	if (value < 0 || value >= 8 ** (length - 1)) {
		writeBase256(target, last, length, value);
		return;
	}
	let rest = value;
	for (let i = last - 1; i >= offset + at; i--) {
		target[i] = 0x30 + (rest % 8);
		rest = Math.floor(rest / 8);
	}
}

function writeBase256(target: Buffer, last: number, length: number, value: number): void {
	let rest = BigInt.asUintN(length * 8, BigInt(value));
	for (let i = last; i > last - length; i--) {
		target[i] = Number(rest & 0xffn);
		rest >>= 8n;
	}
	// The first bit tells base 256 from octal digits; of a negative number it is set anyway.
	target[last - length + 1]! |= 0x80;
}

function writeChecksum(target: Buffer, offset: number): void {
	const { at, length } = field.checksum;
	let sum = length * 0x20;
	for (let i = offset; i < offset + blockBytes; i++) sum += target[i]!;
	// Six digits, a zero and a space.
	writeNumber(target, offset, { at, length: length - 1 }, sum);
	target[offset + at + length - 1] = 0x20;
}
