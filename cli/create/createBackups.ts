import { type Artifact, type ArtifactRequest, backUp } from '../../core/artifact';
import { withKeyWarning } from '../../core/n8n/keyWarning';
import { formatBytes } from '../../core/units';
import type { CommandTools } from '../command';
import { type ExitCode, exitCodes } from '../exitCodes';
import { asOwnerOf, withOwnRights } from '../identity';
import { whatItHolds } from '../output/catalog';
import { failureJson } from '../output/output';
import type { Plan, Planned } from './planned';

/** What all backups of a run have in common. */
export type Common = Pick<ArtifactRequest, 'root' | 'timeZone' | 'encryption' | 'instanceId'>;

/**
 * Makes one backup after the other, as n8n's nodes do. What fails does not keep the others from being made, and is written
 * down as a failed run.
 *
 * @throws BackupError only where it was cancelled
 */
export async function createBackups(
	plans: readonly Plan[],
	common: Common,
	tools: CommandTools,
): Promise<ExitCode> {
	const { output, signal } = tools;
	const documents: object[] = [];
	let exitCode: ExitCode = exitCodes.ok;
	const attempt = async <T>(about: object, work: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await work();
		} catch (error) {
			if (signal.aborted) throw error;
			output.complain(error);
			documents.push({ ...about, error: failureJson(error) });
			exitCode = exitCodes.failed;
			return undefined;
		}
	};
	for (const { component, backups } of plans) {
		for (const planned of (await attempt({ component }, async () => await backups(signal))) ?? []) {
			const { prefix } = planned;
			const artifact = await attempt({ component, prefix }, async () => await make(planned, common, tools));
			if (!artifact) continue;
			documents.push({ ...artifact.manifest, path: artifact.path });
			output.say(describe(artifact));
		}
	}
	output.result(documents.length === 1 ? documents[0] : documents);
	return exitCode;
}

async function make(
	{ openSource, ...planned }: Planned,
	common: Common,
	{ output, signal }: CommandTools,
): Promise<Artifact> {
	const request = { ...common, ...planned, onProgress: output.onProgress };
	return await asOwnerOf(common.root, async () => {
		const artifact = await backUp(request, withOwnRights(openSource), signal);
		return await withKeyWarning(artifact, common);
	});
}

function describe({ path, manifest }: Artifact): string {
	const seconds = ((Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)) / 1000).toFixed(1);
	const made = `${whatItHolds({ manifest })}, ${formatBytes(manifest.storedBytes)} in ${seconds} s`;
	return [`✓ ${path}: ${made}`, ...manifest.warnings.map((warning) => `  ! ${warning}`)].join('\n');
}
