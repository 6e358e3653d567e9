import { type Command, Option } from 'commander';
import { expectedArchive } from '../../core/volume/expectedArchive';
import { olderN8nWarnings } from '../../core/volume/olderN8n';
import { restoreArchive } from '../../core/volume/restoreArchive';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { artifactToRestore, type SourceOption } from '../fetchArtifact';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { n8nVersionOption } from '../options/n8nVersion';
import { wholeNumber } from '../options/numbers';
import { formatBytes, plural } from '../../core/units';
import { fromOption } from '../options/place';
import { artifactArgument, manifestOf, type ManifestOption, noManifestHelp, openArtifact } from './arguments';

interface Options extends ManifestOption, SourceOption, IdentityOption {
	to: string;
	overwrite?: boolean;
	allowOutsideLinks?: boolean;
	/** Undefined without --keep-owners and --no-keep-owners. */
	keepOwners?: boolean;
	maxMegabytes?: number;
	n8nVersion?: string;
}

const megabyte = 1024 * 1024;

/** `restore volume`: an archive into a directory, whole or not at all. */
export const addRestoreVolume: AddCommand = (parent, run) => {
	parent
		.command('volume')
		.description('restore an archive of n8n’s data or of another directory')
		.argument('<artifact>', artifactArgument)
		.addOption(fromOption())
		.requiredOption('--to <directory>', 'an empty directory, or one that does not exist yet')
		.option('--overwrite', 'replace files that are there; others stay')
		.option('--no-manifest', noManifestHelp)
		.addOption(identityOption())
		.option('--allow-outside-links', 'restore links that point out of the directory')
		.option('--keep-owners', 'give files their numeric owners back (as root by default)')
		.option('--no-keep-owners', 'everything belongs to whoever runs this')
		.addOption(
			new Option(
				'--max-megabytes <number>',
				'most that the archive may unpack to (with a manifest, what that says)',
			).argParser(wholeNumber(1)),
		)
		.addOption(n8nVersionOption())
		.action(
			(
				named: string,
				{ at, to, manifest: isCompared, maxMegabytes, n8nVersion, identity, ...options }: Options,
				command: Command,
			) =>
				run(command, async (tools) => {
					const { output, signal } = tools;
					const { path, notes } = await artifactToRestore(named, { at }, tools, 'n8n');
					output.note(notes);
					const manifest = await manifestOf(path, { manifest: isCompared });
					const keys = await readKeys({ identity }, [path], tools);
					await using file = await openArtifact(path);
					const request = {
						artifactPath: path,
						descriptor: file.fd,
						keys,
						destination: to,
						...options,
						mostBytes: maxMegabytes && maxMegabytes * megabyte,
						expected: expectedArchive(manifest),
					};
					const restored = await restoreArchive(request, signal, (progress) =>
						output.onProgress({ ...progress, totalBytes: manifest?.rawBytes }),
					);
					const older = olderN8nWarnings(manifest, n8nVersion);
					const report = { ...restored, warnings: [...restored.warnings, ...older] };
					output.result({ artifact: path, destination: to, ...report });
					const entries = plural(report.entries, 'entry', 'entries');
					const warnings = report.warnings.map((warning) => `  ! ${warning}`);
					const line = `✓ ${to} is restored: ${entries}, ${formatBytes(report.bytes)}.`;
					output.say([line, ...warnings].join('\n'));
					return exitCodes.ok;
				}),
		);
};
