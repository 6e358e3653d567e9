import type { Command } from 'commander';
import { restoreFile } from '../../core/volume/restoreFile';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { formatBytes } from '../../core/units';
import { artifactToRestore, type SourceOption } from '../fetchArtifact';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { fromOption } from '../options/place';
import { artifactArgument, manifestOf, type ManifestOption, noManifestHelp, openArtifact } from './arguments';

interface Options extends ManifestOption, SourceOption, IdentityOption {
	to: string;
	overwrite?: boolean;
}

/** `restore file`: the copy of a single file, `.env` above all. */
export const addRestoreFile: AddCommand = (parent, run) => {
	parent
		.command('file')
		.description('restore the copy of a single file, such as .env')
		.argument('<artifact>', artifactArgument)
		.addOption(fromOption())
		.requiredOption('--to <path>', 'the file to make; its directory must exist')
		.option('--overwrite', 'replace a file that is there')
		.option('--no-manifest', noManifestHelp)
		.addOption(identityOption())
		.action(
			(named: string, { at, to, overwrite, identity, manifest: isCompared }: Options, command: Command) =>
				run(command, async (tools) => {
					const { output, signal } = tools;
					const { path } = await artifactToRestore(named, { at }, tools, 'env');
					const manifest = await manifestOf(path, { manifest: isCompared });
					const keys = await readKeys({ identity }, [path], tools);
					await using file = await openArtifact(path);
					const request = {
						artifactPath: path,
						descriptor: file.fd,
						keys,
						destination: to,
						overwrite,
						expected: manifest,
					};
					const restored = await restoreFile(request, signal);
					output.result({ artifact: path, destination: to, ...restored });
					const warnings = restored.warnings.map((warning) => `  ! ${warning}`);
					output.say([`✓ ${to} is restored: ${formatBytes(restored.bytes)}.`, ...warnings].join('\n'));
					return exitCodes.ok;
				}),
		);
};
