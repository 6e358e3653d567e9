import { damagedHeader, type RawHeader } from './decodeHeader';
import { noBytes } from './member';
import { bounds } from './readNumber';

/** Records of a pax header (`LENGTH KEY=VALUE\n` each), values as the bytes that they are. */
export type PaxRecords = Map<string, Buffer>;

/** Keywords that change a member. All others are left out: one header could hold a hundred thousand of them. */
const heeded = ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'];

/** Begins every keyword of a sparse file. */
export const sparseKeyword = 'GNU.sparse';

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
		const end = at + (space === -1 ? 0 : lengthIn(content.toString('latin1', at, space)));
		const equals = space === -1 ? -1 : content.indexOf(0x3d, space);
		if (equals === -1 || equals >= end || end > content.length || content[end - 1] !== 0x0a) {
			throw damagedHeader(offset, 'a pax record in it is cut');
		}
		const keyword = content.toString('utf8', space + 1, equals);
		if (heeded.includes(keyword)) records.set(keyword, content.subarray(equals + 1, end - 1));
		else if (keyword.startsWith(`${sparseKeyword}.`)) records.set(sparseKeyword, noBytes);
		at = end;
	}
	return records;
}

/** The header with what the records say instead of its own fields. */
export function applyPaxRecords(header: RawHeader, records: PaxRecords, offset: number): RawHeader {
	const number = (key: string, own: number, form: RegExp, most: number): number => {
		const value = records.get(key)?.toString('latin1');
		if (value === undefined) return own;
		const parsed = Number(value);
		if (form.test(value) && Math.abs(parsed) <= most) return parsed;
		throw damagedHeader(offset, `its ${key} makes no sense`);
	};
	return {
		...header,
		path: records.get('path') ?? header.path,
		linkPath: records.get('linkpath') ?? header.linkPath,
		size: number('size', header.size, whole, Number.MAX_SAFE_INTEGER),
		uid: number('uid', header.uid, whole, Number(bounds.owner.most)),
		gid: number('gid', header.gid, whole, Number(bounds.owner.most)),
		mtime: number('mtime', header.mtime, decimal, Number.MAX_SAFE_INTEGER),
	};
}

const whole = /^\d+$/;
const decimal = /^-?\d+(\.\d*)?$/;

/** Zero for what is no length, which then ends before its record begins. */
function lengthIn(text: string): number {
	return /^\d{1,7}$/.test(text) ? Number(text) : 0;
}
