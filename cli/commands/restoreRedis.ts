import { type Command, Option } from 'commander';
import { dirname } from 'node:path';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { describeServer } from '../../core/redis/connection';
import { openRdb } from '../../core/redis/restore/openRdb';
import { restoreRdb, type RestoreResult } from '../../core/redis/restore/restoreRdb';
import { assertSound } from '../../core/verify/assertSound';
import { confirm } from '../ask';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { artifactToRestore, type SourceOption } from '../fetchArtifact';
import { asOwnerOf } from '../identity';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { wholeNumber } from '../options/numbers';
import { fromOption } from '../options/place';
import { addRedisOptions, redisConnection, type RedisOptions } from '../options/redis';
import { plural } from '../../core/units';
import { safetyBackup, safetyFlag, safetyHelp, type SafetyOptions } from '../safety';
import { artifactArgument, openArtifact } from './arguments';

interface Options extends RedisOptions, SafetyOptions, SourceOption, IdentityOption {
	yes?: boolean;
	/** False with --no-safety-snapshot. */
	safetySnapshot: boolean;
	listenHost?: string;
	listenPort?: number;
	announceHost?: string;
	allowPlainText?: boolean;
}

/** `restore redis`: a snapshot into a running server, in place of all that it holds. */
export const addRestoreRedis: AddCommand = (parent, run) => {
	const command = parent
		.command('redis')
		.description('restore a snapshot into a running server, in place of all that it holds')
		.argument('<artifact>', artifactArgument)
		.addOption(fromOption())
		.option('--yes', 'do not ask')
		.addOption(identityOption())
		.option(safetyFlag, safetyHelp)
		.option('--no-safety-snapshot', 'do not save what the server holds')
		.option('--listen-host <address>', 'own address that the server fetches the data from')
		.addOption(new Option('--listen-port <number>', 'own port for that').argParser(wholeNumber(1, 65535)))
		.option('--announce-host <address>', 'how the server reaches this machine, where that is another address')
		.option('--allow-plain-text', 'with --tls: let the server fetch the data unencrypted');
	addRedisOptions(command).action((named: string, options: Options, self: Command) =>
		run(self, async (tools) => {
			const { path, notes } = await artifactToRestore(named, options, tools, 'redis');
			tools.output.note(notes);
			const keys = await readKeys(options, [path], tools);
			const { onProgress } = tools.output;
			await asOwnerOf(dirname(path), async () => {
				await assertSound(path, { keys, onProgress }, tools.signal);
			});
			const connection = await redisConnection(options, tools);
			const openSource = builtInSnapshot(connection);
			const save = options.safetySnapshot
				? safetyBackup({ component: 'redis', name: 'redis', openSource, keys }, options, tools)
				: undefined;
			const server = describeServer(connection);
			const consequence = `This replaces everything that ${server} holds with ${path}.`;
			await confirm({ consequence, word: 'replace', yes: options.yes }, tools.terminal, tools.signal);
			await using file = await openArtifact(path);
			const { listenHost, listenPort, announceHost, allowPlainText } = options;
			const request = {
				// The path may lead elsewhere by now, and root would follow it.
				openRdb: () => openRdb({ path, descriptor: file.fd, keys }),
				takeSafetySnapshot: save && (async () => await save(tools.signal)),
				listenHost,
				listenPort,
				announceHost,
				allowPlainText,
				onProgress,
			};
			const restored = await asOwnerOf(
				dirname(path),
				async () => await restoreRdb(connection, request, tools.signal),
			);
			tools.output.result({ artifact: path, ...restored });
			tools.output.say(describe(server, restored));
			return exitCodes.ok;
		}),
	);
};

function describe(server: string, { keys, keysBefore, warnings }: RestoreResult): string {
	return [
		`✓ ${server} is restored: ${plural(keys, 'key')}, where there ${keysBefore === 1 ? 'was' : 'were'} ${keysBefore}.`,
		...warnings.map((warning) => `  ! ${warning}`),
	].join('\n');
}
