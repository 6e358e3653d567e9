import type { CheckResult } from '../artifact/checks';
import type { Manifest } from '../artifact/manifest';
import { type VerifyReport, type VerifyRequest, verifyArtifact } from '../artifact/verifyArtifact';
import { isEncryptedCopy } from './encryptedCopy';
import { type ArchiveSummary, inspectArchive } from './inspectArchive';

/**
 * Verifies an archive: everything that {@link verifyArtifact} checks of any artifact, every header of the tar and
 * the blocks that end it, and that it has as many members and bytes as were written.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, cancelled
 */
export async function verifyArchiveArtifact(
	request: Omit<VerifyRequest, 'inspect'>,
	signal: AbortSignal,
): Promise<VerifyReport> {
	return await verifyArtifact({ ...request, inspect: inspectTar }, signal);
}

/**
 * Verifies the copy of a single file, of which nothing more can be known than {@link verifyArtifact} checks of
 * any artifact.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, cancelled
 */
export async function verifyFileArtifact(
	request: Omit<VerifyRequest, 'inspect'>,
	signal: AbortSignal,
): Promise<VerifyReport> {
	const { path, manifest } = request;
	// By its first bytes nobody can tell: somebody may have copied an encrypted file.
	const isEncrypted = isEncryptedCopy(path, manifest);
	return await verifyArtifact({ ...request, isEncrypted, inspect: readToEnd }, signal);
}

async function inspectTar(
	raw: AsyncIterable<Buffer>,
	manifest: Manifest | undefined,
): Promise<CheckResult[]> {
	const summary = await inspectArchive(raw);
	const headers: CheckResult = {
		check: 'content',
		result: 'passed',
		detail: 'Every header of the tar holds, down to its end mark.',
	};
	return [headers, checkMembers(summary, manifest)];
}

function checkMembers({ entries, bytes }: ArchiveSummary, manifest: Manifest | undefined): CheckResult {
	const check = 'entries';
	const seen = `${entries} entries with ${bytes} bytes`;
	if (manifest?.census.kind !== 'tar') {
		return { check, result: 'unknown', detail: `${seen}; how many there should be is not known.` };
	}
	const { census } = manifest;
	if (entries === census.entries && bytes === census.bytes) {
		return { check, result: 'passed', detail: `${seen}, as written when the archive was made.` };
	}
	const expected = `${census.entries} entries with ${census.bytes} bytes`;
	return { check, result: 'failed', detail: `${seen} where the manifest says ${expected}.` };
}

async function readToEnd(raw: AsyncIterable<Buffer>): Promise<CheckResult[]> {
	// The bytes are counted and hashed on their way here.
	for await (const piece of raw) void piece;
	return [];
}
