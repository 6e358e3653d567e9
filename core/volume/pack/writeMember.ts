import type { TarCensus } from '../../artifact/manifest';
import { headerBytes, writeHeader } from '../../tar/encodeHeader';
import type { TarMember } from '../../tar/member';
import type { ChunkWriter } from './chunkWriter';

/** Writes a member's header and counts it. A file's content is to follow, padded to whole blocks. */
export function writeMember(output: ChunkWriter, census: TarCensus, member: TarMember): void {
	const bytes = headerBytes(member);
	output.reserve(bytes);
	writeHeader(output.chunk, output.position, member);
	output.advance(bytes);
	census.entries++;
	census.bytes += member.size;
}
