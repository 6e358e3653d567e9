import { Header, type HeaderData, Pax } from 'tar';
import { paxRecord, special } from '../../../../lab/rawTar.ts';

const types = {
	file: 'File',
	link: 'Link',
	symlink: 'SymbolicLink',
	'character-device': 'CharacterDevice',
	'block-device': 'BlockDevice',
	directory: 'Directory',
	fifo: 'FIFO',
} as const;

export interface NewMember extends Pick<HeaderData, 'mode' | 'uid' | 'gid' | 'mtime'> {
	name: string;
	type?: keyof typeof types;
	linkname?: string;
	devmajor?: number;
	devminor?: number;
	/** Records of a pax header in front of it. */
	pax?: Record<string, string>;
	content?: string | Buffer;
}

/** A raw tar with just these members, by a writer that is not ours and lets anything through. */
export function makeTar(...members: NewMember[]): Buffer {
	return Buffer.concat([...members.flatMap(bytesOf), Buffer.alloc(1024)]);
}

function bytesOf(member: NewMember): Buffer[] {
	const { name, type = 'file', linkname, devmajor, devminor, pax = {}, content = '', ...facts } = member;
	const bytes = Buffer.from(content as string);
	const data: HeaderData = {
		mode: type === 'directory' ? 0o755 : 0o644,
		uid: 0,
		gid: 0,
		mtime: new Date(),
		...facts,
		path: name,
		type: types[type],
		linkpath: linkname,
		devmaj: devmajor,
		devmin: devminor,
		size: bytes.length,
	};
	const header = new Header(data);
	const records = Object.entries(pax).map(([keyword, value]) => paxRecord(keyword, value));
	const given = records.length > 0 ? [special('x', records.join(''))] : [];
	const needed = header.encode()
		? [new Pax({ path: name, linkpath: linkname, size: bytes.length }).encode()]
		: [];
	return [...needed, ...given, header.block!, bytes, Buffer.alloc(-bytes.length & 511)];
}
