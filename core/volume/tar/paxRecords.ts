import { damagedHeader, type RawHeader } from './decodeHeader';

/** Records of a pax header (`LENGTH KEY=VALUE\n` each), values as the bytes that they are. */
export type PaxRecords = Map<string, Buffer>;

/**
 * Takes the content of a pax header apart (IEEE Std 1003.1, "pax Header Block").
 *
 * @param offset Where the archive holds it, for the error.
 * @throws BackupError `damaged` when a record's length does not fit.
 */
export function parsePaxRecords(content: Buffer, offset: number): PaxRecords {
	const records: PaxRecords = new Map();
	let at = 0;
	while (at < content.length) {
		const space = content.indexOf(0x20, at);
		const length = Number(content.toString('latin1', at, Math.max(space, at)));
		const end = at + length;
		const equals = content.indexOf(0x3d, space);
		if (!Number.isSafeInteger(length) || end > content.length || equals >= end || content[end - 1] !== 0x0a) {
			throw damagedHeader(offset, 'a pax record in it is cut');
		}
		if (space === -1 || equals === -1) throw damagedHeader(offset, 'a pax record in it is cut');
		records.set(content.toString('utf8', space + 1, equals), content.subarray(equals + 1, end - 1));
		at = end;
	}
	return records;
}

/** The header with what the records say instead of its own fields. */
export function applyPaxRecords(header: RawHeader, records: PaxRecords, offset: number): RawHeader {
	const number = (key: string, own: number): number => {
		const value = records.get(key);
		if (value === undefined) return own;
		const parsed = Number(value.toString('latin1'));
		if (!Number.isFinite(parsed)) throw damagedHeader(offset, `its ${key} is no number`);
		return parsed;
	};
	return {
		...header,
		path: records.get('path') ?? header.path,
		linkPath: records.get('linkpath') ?? header.linkPath,
		size: number('size', header.size),
		uid: number('uid', header.uid),
		gid: number('gid', header.gid),
		mtime: number('mtime', header.mtime),
	};
}
