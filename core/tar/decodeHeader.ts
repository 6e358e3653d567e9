import { BackupError } from '../errors';
import { blockBytes, type MemberType, type TarMember } from './member';
import { bounds, readNumber, toTime } from './readNumber';

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
 * @throws BackupError `damaged` when its checksum is wrong, or a number in it is not one or is out of bounds.
 */
export function decodeHeader(block: Buffer, offset: number): RawHeader {
	const number = (what: string, at: number, length: number, within: keyof typeof bounds): bigint => {
		const value = readNumber(block.subarray(at, at + length), bounds[within]);
		if (value === undefined) throw damagedHeader(offset, `its ${what} makes no sense`);
		return value;
	};
	if (!hasRightChecksum(block, Number(number('checksum', 148, 8, 'checksum')))) {
		throw damagedHeader(offset, 'its checksum is wrong');
	}
	const name = readText(block, 0, 100);
	const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? readText(block, 345, 155) : undefined;
	return {
		typeFlag: block.toString('latin1', 156, 157),
		path: prefix?.length ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
		linkPath: readText(block, 157, 100),
		mode: Number(number('mode', 100, 8, 'mode') & 0o7777n),
		uid: Number(number('owner', 108, 8, 'owner')),
		gid: Number(number('group', 116, 8, 'owner')),
		size: Number(number('size', 124, 12, 'size')),
		mtime: toTime(number('time', 136, 12, 'time')),
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
