import { BackupError } from '../errors';
import { damagedHeader, decodeHeader, isZeroBlock, memberTypeOf, type RawHeader } from './decodeHeader';
import { blockBytes, displayPath, type MemberType, noBytes, paddingOf, type TarMember } from './member';
import { applyPaxRecords, parsePaxRecords, type PaxRecords, sparseKeyword } from './paxRecords';

/**
 * What comes out of an archive, in its order: a member, then the pieces of its content (only files have any),
 * then its end.
 */
export type TarEvent =
	| { kind: 'member'; member: TarMember }
	| { kind: 'content'; bytes: Buffer }
	| { kind: 'member-end'; member: TarMember };

/** Long names and pax records are held in memory; no honest one comes near this. */
const longestSpecialContent = 1024 * 1024;

/** Linux makes no link to a longer one (PATH_MAX). The targets of all links are held in memory. */
const longestLinkTarget = 4096;

/**
 * Reads a tar as it streams past, keeping nothing but the header it is at. Understands ustar, pax and GNU
 * archives; every header's checksum is checked, and {@link TarScanner.end} tells a whole archive from a cut one.
 *
 * A push parser rather than a stream, so that one and the same code inspects an archive while it is written, verifies
 * it afterwards and extracts it.
 */
export class TarScanner {
	/** Bytes scanned so far. */
	offset = 0;
	#partialBlock: Buffer = noBytes;
	#member: TarMember | undefined;
	#contentLeft = 0;
	#paddingLeft = 0;
	#special: { flag: string; pieces: Buffer[]; offset: number } | undefined;
	#zeroBlocks = 0;
	#longPath: Buffer | undefined;
	#longLinkPath: Buffer | undefined;
	#records: PaxRecords | undefined;
	#globalRecords: PaxRecords | undefined;

	/**
	 * Takes the next bytes, in pieces of any size. The content events are windows into `chunk`.
	 *
	 * @throws BackupError `damaged` for what is no tar, `unsupported` for kinds of members that are not understood.
	 */
	*scan(chunk: Buffer): Generator<TarEvent, void> {
		let at = 0;
		while (at < chunk.length) {
			const used =
				this.#contentLeft > 0
					? yield* this.#scanContent(chunk, at)
					: this.#paddingLeft > 0
						? this.#skipPadding(chunk, at)
						: yield* this.#scanBlock(chunk, at);
			at += used;
			this.offset += used;
		}
	}

	/**
	 * Ends the archive: no bytes follow.
	 *
	 * @throws BackupError `incomplete` unless the archive's end was among them.
	 */
	end(): void {
		if (this.#zeroBlocks >= 2 && this.#partialBlock.length === 0) return;
		throw new BackupError('incomplete', `The archive is cut off after ${this.offset} bytes${this.#place()}`, {
			advice: 'Use another backup; this one cannot be restored whole',
		});
	}

	#place(): string {
		return this.#member && this.#contentLeft > 0 ? `, inside ${displayPath(this.#member.path)}` : '';
	}

	*#scanContent(chunk: Buffer, at: number): Generator<TarEvent, number> {
		const bytes = chunk.subarray(at, at + this.#contentLeft);
		this.#contentLeft -= bytes.length;
		if (this.#special) this.#special.pieces.push(Buffer.from(bytes));
		else yield { kind: 'content', bytes };
		if (this.#contentLeft === 0) yield* this.#endContent();
		return bytes.length;
	}

	*#endContent(): Generator<TarEvent, void> {
		if (this.#special) {
			const { flag, pieces, offset } = this.#special;
			this.#special = undefined;
			this.#takeSpecial(flag, Buffer.concat(pieces), offset);
			return;
		}
		if (this.#member) yield { kind: 'member-end', member: this.#member };
		this.#member = undefined;
	}

	#skipPadding(chunk: Buffer, at: number): number {
		const used = Math.min(this.#paddingLeft, chunk.length - at);
		this.#paddingLeft -= used;
		return used;
	}

	*#scanBlock(chunk: Buffer, at: number): Generator<TarEvent, number> {
		const had = this.#partialBlock.length;
		const piece = chunk.subarray(at, at + blockBytes - had);
		const block = had > 0 ? Buffer.concat([this.#partialBlock, piece]) : piece;
		if (block.length < blockBytes) {
			this.#partialBlock = Buffer.from(block);
			return piece.length;
		}
		this.#partialBlock = noBytes;
		yield* this.#takeBlock(block, this.offset - had);
		return piece.length;
	}

	*#takeBlock(block: Buffer, offset: number): Generator<TarEvent, void> {
		if (isZeroBlock(block)) {
			this.#zeroBlocks++;
			return;
		}
		if (this.#zeroBlocks > 0) {
			throw damagedHeader(offset, 'it comes after the blocks of zeros that end an archive');
		}
		const header = decodeHeader(block, offset);
		if ('LKxXg'.includes(header.typeFlag)) {
			if (header.size > longestSpecialContent) throw damagedHeader(offset, 'the name in it is absurdly long');
			this.#special = { flag: header.typeFlag, pieces: [], offset };
			// A long name ends at its zero byte, which GNU tar looks for in the padding as well.
			const isName = 'LK'.includes(header.typeFlag);
			this.#expectContent(isName ? header.size + paddingOf(header.size) : header.size);
		} else {
			this.#member = this.#toMember(header, offset);
			yield { kind: 'member', member: this.#member };
			this.#expectContent(this.#member.size);
		}
		if (this.#contentLeft === 0) yield* this.#endContent();
	}

	#expectContent(size: number): void {
		this.#contentLeft = size;
		this.#paddingLeft = paddingOf(size);
	}

	#takeSpecial(flag: string, content: Buffer, offset: number): void {
		if (flag === 'L') this.#longPath = untilZero(content);
		else if (flag === 'K') this.#longLinkPath = untilZero(content);
		else if (flag === 'g') this.#globalRecords = parsePaxRecords(content, offset);
		else this.#records = parsePaxRecords(content, offset);
	}

	/** The member that a header and the special members before it make together. */
	#toMember(header: RawHeader, offset: number): TarMember {
		const records = this.#takeRecords();
		const named = {
			...header,
			path: this.#longPath ?? header.path,
			linkPath: this.#longLinkPath ?? header.linkPath,
			// Some writers say of another name how large the file is that it stands for.
			size: memberTypeOf(header.typeFlag) === 'hard-link' ? 0 : header.size,
		};
		this.#longPath = this.#longLinkPath = undefined;
		const { typeFlag, ...own } = records ? applyPaxRecords(named, records, offset) : named;
		const type = typeOf(typeFlag, own.path, records);
		if (type !== 'file' && own.size > 0) {
			throw damagedHeader(offset, `it gives content to a ${type.replace('-', ' ')}`);
		}
		if (type === 'symbolic-link' && own.linkPath.length > longestLinkTarget) {
			throw damagedHeader(offset, 'its link leads to a longer path than any system takes');
		}
		return { ...own, type };
	}

	/** What pax headers say of the next member: those for all of the archive, and over them its own. */
	#takeRecords(): PaxRecords | undefined {
		const own = this.#records;
		this.#records = undefined;
		if (!own || !this.#globalRecords) return own ?? this.#globalRecords;
		return new Map([...this.#globalRecords, ...own]);
	}
}

function typeOf(typeFlag: string, path: Buffer, records?: PaxRecords): MemberType {
	const type = memberTypeOf(typeFlag);
	const isSparse = records?.has(sparseKeyword) === true;
	if (!type || isSparse) {
		const kind = isSparse || typeFlag === 'S' ? 'a sparse file' : `of the unknown type “${typeFlag}”`;
		throw new BackupError('unsupported', `The archive’s member ${displayPath(path)} is ${kind}`, {
			advice: 'Extract this archive with GNU tar',
		});
	}
	// Before ustar, a directory was a file whose name ends in a slash.
	const isOldDirectory = type === 'file' && path.at(-1) === 0x2f;
	return isOldDirectory ? 'directory' : type;
}

function untilZero(bytes: Buffer): Buffer {
	const end = bytes.indexOf(0);
	return end === -1 ? bytes : bytes.subarray(0, end);
}
