import type { CompressionMethod } from '../../artifact';
import { readArtifact } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';
import { identifier, SqlLexer, unquote } from '../sql';

const createExtension = new RegExp(`^CREATE EXTENSION (?:IF NOT EXISTS )?(${identifier})[ ;]`);

/**
 * Extensions that a dump creates: pg_dump does that before its first table. Bytes of the first statements are all that
 * is read.
 *
 * @throws BackupError when the file cannot be read or not decompressed
 */
export async function extensionsOf(
	path: string,
	compression: CompressionMethod,
	keys?: DecryptionKeys,
): Promise<string[]> {
	const names = new Set<string>();
	const enough = new AbortController();
	try {
		await readArtifact(
			{ path, compression, keys },
			async (raw) => {
				await collect(raw, names);
				enough.abort();
			},
			enough.signal,
		);
	} catch (error) {
		if (!enough.signal.aborted) throw error;
	}
	return [...names];
}

async function collect(raw: AsyncIterable<Buffer>, names: Set<string>): Promise<void> {
	const lexer = new SqlLexer();
	for await (const chunk of raw) {
		for (const segment of lexer.push(chunk)) {
			if (segment.kind === 'copy-start') return;
			if (segment.kind !== 'statement') continue;
			const head = segment.text.toString('latin1', 0, 200);
			if (/^CREATE (?:UNLOGGED )?TABLE /.test(head)) return;
			const name = createExtension.exec(head)?.[1];
			if (name !== undefined) names.add(unquote(name));
		}
	}
}
