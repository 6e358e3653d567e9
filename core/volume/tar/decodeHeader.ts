import { BackupError } from '../../errors';
import { blockBytes, type MemberType, type TarMember } from './member';

/** A header block taken apart; what long names and pax records before it say is not in it yet. */
export interface RawHeader extends Omit<TarMember, 'type'> {
	typeFlag: string;
}

const memberTypes: Record<string, MemberType> = {
	'\0': 'file',
	'0': 'file',
	'7': 'file',
	'1': 'hard-link',
	'2': 'symbolic-link',
	'3': 'character-device',
	'4': 'block-device',
	'5': 'directory',
	'6': 'pipe',
};

/** What a type flag stands for; undefined for those that are about other members or not understood. */
export function memberTypeOf(typeFlag: string): MemberType | undefined {
	return memberTypes[typeFlag];
}

/** Whether a block holds nothing but zeros, as the two that end an archive do. */
export function isZeroBlock(block: Buffer): boolean {
	for (let i = 0; i < block.length; i++) if (block[i] !== 0) return false;
	return true;
}

/**
 * Takes a header block apart: POSIX ustar (IEEE Std 1003.1, "pax", ustar Interchange Format), GNU and the
 * version before both.
 *
 * @param offset Where the block is in the archive, for the error.
 * @throws BackupError `damaged` when its checksum is wrong or a number in it is none.
 */
export function decodeHeader(block: Buffer, offset: number): RawHeader {
	if (!hasRightChecksum(block, readNumber(block, 148, 8, offset))) {
		throw damagedHeader(offset, 'its checksum is wrong');
	}
	const name = readText(block, 0, 100);
	const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? readText(block, 345, 155) : undefined;
	return {
		typeFlag: block.toString('latin1', 156, 157),
		path: prefix?.length ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
		linkPath: readText(block, 157, 100),
		mode: readNumber(block, 100, 8, offset) & 0o7777,
		uid: readNumber(block, 108, 8, offset),
		gid: readNumber(block, 116, 8, offset),
		size: readNumber(block, 124, 12, offset),
		mtime: readNumber(block, 136, 12, offset),
	};
}

export function damagedHeader(offset: number, why: string): BackupError {
	return new BackupError('damaged', `The archive is damaged: the header at byte ${offset} is none, ${why}`, {
		advice: 'Use another backup; this one cannot be restored whole',
	});
}

/** The sum of all bytes, those of the checksum itself taken as spaces. Some old writers summed signed bytes. */
function hasRightChecksum(block: Buffer, stored: number): boolean {
	let sum = 8 * 0x20;
	for (let i = 0; i < 148; i++) sum += block[i]!;
	for (let i = 156; i < blockBytes; i++) sum += block[i]!;
	if (stored === sum) return true;
	const negativeBytes = block.filter((byte, i) => byte >= 0x80 && (i < 148 || i >= 156)).length;
	return stored === sum - negativeBytes * 0x100;
}

function readText(block: Buffer, at: number, length: number): Buffer {
	const end = block.indexOf(0, at);
	const text = block.subarray(at, end === -1 || end > at + length ? at + length : end);
	// A copy: the block is a window into a chunk that should not be kept alive by a name.
	return Buffer.from(text);
}

function readNumber(block: Buffer, at: number, length: number, offset: number): number {
	const value = block[at]! & 0x80 ? readBase256(block, at, length) : readOctal(block, at, length);
	if (!Number.isSafeInteger(value)) throw damagedHeader(offset, 'a number in it cannot be read');
	return value;
}

/** Digits with spaces or zeros around them; nothing at all is zero. */
function readOctal(block: Buffer, at: number, length: number): number {
	const end = at + length;
	let i = at;
	while (i < end && block[i] === 0x20) i++;
	let value = 0;
	for (; i < end && block[i]! >= 0x30 && block[i]! <= 0x37; i++) value = value * 8 + block[i]! - 0x30;
	return i === end || block[i] === 0 || block[i] === 0x20 ? value : Number.NaN;
}

function readBase256(block: Buffer, at: number, length: number): number {
	const bits = length * 8;
	let value = 0n;
	for (let i = at; i < at + length; i++) value = (value << 8n) | BigInt(block[i]!);
	const isNegative = (block[at]! & 0x40) !== 0;
	return Number(isNegative ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits - 1, value));
}
