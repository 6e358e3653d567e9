import type { CheckResult } from '../artifact/checks';
import type { Manifest, PostgresCensus } from '../artifact/manifest';
import { type VerifyReport, type VerifyRequest, verifyArtifact } from '../artifact/verifyArtifact';
import { type DumpInspection, DumpInspector } from './census';
import { assertNoDirectoryFormat } from './sql';

/**
 * Verifies a dump: everything that {@link verifyArtifact} checks of any artifact, that pg_dump's last line is
 * there, and that every table has the rows that were counted when the dump was made.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, cancelled
 */
export async function verifyPostgresArtifact(
	request: Omit<VerifyRequest, 'inspect'>,
	signal: AbortSignal,
): Promise<VerifyReport> {
	await assertNoDirectoryFormat(request.path);
	return verifyArtifact({ ...request, inspect: inspectDump }, signal);
}

async function inspectDump(
	raw: AsyncIterable<Buffer>,
	manifest: Manifest | undefined,
): Promise<CheckResult[]> {
	const inspector = new DumpInspector();
	for await (const chunk of raw) inspector.take(chunk);
	const { census, of } = inspector.finish();
	const whole: CheckResult = {
		check: 'content',
		result: 'passed',
		detail: wholeness[of],
	};
	return [whole, compareRows(census, manifest)];
}

const wholeness: Record<DumpInspection['of'], string> = {
	database: 'The dump is complete, down to pg_dump’s last line.',
	server:
		'The dump is complete, down to pg_dumpall’s last line. It holds the roles and tablespaces of a server: psql applies it, Restore does not.',
};

function compareRows(found: PostgresCensus, manifest: Manifest | undefined): CheckResult {
	const check = 'rows';
	const tables = Object.keys(found.tables).length;
	const seen = `${found.rows} rows in ${tables} tables`;
	if (manifest?.census.kind !== 'postgres') {
		return { check, result: 'unknown', detail: `${seen}; how many there should be is not known.` };
	}
	const differing = differences(found.tables, manifest.census.tables);
	if (differing.length === 0) {
		return { check, result: 'passed', detail: `${seen}, as counted when the dump was made.` };
	}
	const more = differing.length > 5 ? `, and ${differing.length - 5} more` : '';
	return { check, result: 'failed', detail: `${differing.slice(0, 5).join(', ')}${more}.` };
}

function differences(found: Record<string, number>, expected: Record<string, number>): string[] {
	const tables = new Set([...Object.keys(expected), ...Object.keys(found)]);
	return [...tables].flatMap((table) => {
		const [is, shouldBe] = [found[table], expected[table]];
		if (is === shouldBe) return [];
		if (is === undefined) return [`${table} is missing`];
		if (shouldBe === undefined) return [`${table} is not in the manifest`];
		return [`${table} has ${is} rows instead of ${shouldBe}`];
	});
}
