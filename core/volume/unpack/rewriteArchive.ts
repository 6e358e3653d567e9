import { endOfArchive, headerBytes, writeHeader } from '../../tar/encodeHeader';
import { noBytes, paddingOf, type TarMember } from '../../tar/member';
import { TarScanner } from '../../tar/tarScanner';
import { MemberGuard, type SafeMember } from './memberGuard';

/**
 * Rewrites a raw tar below a directory, member by member as they were understood and found safe: so whoever
 * extracts it cannot understand its headers differently.
 *
 * @param directory name of it, without slashes
 * @throws BackupError `unsupported` for a member that must not be extracted, `damaged` or `incomplete`
 */
export async function* rewriteArchive(
	raw: AsyncIterable<Buffer>,
	directory: string,
): AsyncGenerator<Buffer, void> {
	const scanner = new TarScanner();
	// Where symbolic links point is known only at the end; whoever calls this has read it before.
	const guard = new MemberGuard({ allowOutsideLinks: true });
	let written = 0;
	for await (const chunk of raw) {
		for (const event of scanner.scan(chunk)) {
			const bytes =
				event.kind === 'member'
					? headerOf(movedBelow(directory, guard.check(event.member)))
					: event.kind === 'content'
						? event.bytes
						: Buffer.alloc(paddingOf(event.member.size));
			if (bytes.length === 0) continue;
			written += bytes.length;
			yield bytes;
		}
	}
	scanner.end();
	yield endOfArchive(written);
}

function movedBelow(directory: string, { member, path, linkPath }: SafeMember): TarMember {
	const moved = (below: string) => Buffer.from(`${directory}/${below}`, 'latin1');
	const ending = member.type === 'directory' && path !== '' ? '/' : '';
	const links = { 'hard-link': moved(linkPath), 'symbolic-link': member.linkPath } as Record<string, Buffer>;
	return { ...member, path: moved(`${path}${ending}`), linkPath: links[member.type] ?? noBytes };
}

function headerOf(member: TarMember): Buffer {
	const header = Buffer.allocUnsafe(headerBytes(member));
	writeHeader(header, 0, member);
	return header;
}
