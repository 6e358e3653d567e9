import { type Command, InvalidArgumentError, Option } from 'commander';
import { dirname } from 'node:path';
import { describeServer } from '../../core/postgres/connect/connection';
import { builtInDump } from '../../core/postgres/dump/builtIn/builtInDump';
import type {
	OwnerRule,
	RestoreReport,
	RestoreRequest,
	RestoreTarget,
} from '../../core/postgres/restore/request';
import { databaseNameFor, restoreDump } from '../../core/postgres/restore/restoreDump';
import { confirm } from '../ask';
import type { AddCommand, CommandTools } from '../command';
import { exitCodes } from '../exitCodes';
import { artifactToRestore, type SourceOption } from '../fetchArtifact';
import { asOwnerOf } from '../identity';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { n8nVersionOption } from '../options/n8nVersion';
import { wholeNumber } from '../options/numbers';
import { fromOption } from '../options/place';
import {
	addPostgresOptions,
	postgresConnection,
	type PostgresOptions,
	repeated,
	withoutExtensionOption,
} from '../options/postgres';
import { formatBytes, plural } from '../../core/units';
import { safetyBackup, safetyFlag, safetyHelp, type SafetyOptions } from '../safety';
import { artifactArgument, manifestOf, type ManifestOption, noManifestHelp } from './arguments';

interface Options extends PostgresOptions, SafetyOptions, ManifestOption, SourceOption, IdentityOption {
	into?: string;
	replace?: string;
	yes?: boolean;
	/** False with --no-owner. */
	owner?: string | false;
	mapRole?: Record<string, string>;
	/** False with --no-privileges. */
	privileges: boolean;
	skipMissingRoles?: boolean;
	withoutExtension?: string[];
	skipFailedIndexes?: boolean;
	table?: string[];
	jobs?: number;
	n8nVersion?: string;
}

/** `restore postgres`: a dump into a new database, or in place of one that is there. */
export const addRestorePostgres: AddCommand = (parent, run) => {
	const command = parent
		.command('postgres')
		.description('restore a dump into a new database, or in place of one that is there')
		.argument('<artifact>', artifactArgument)
		.addOption(fromOption())
		.option('--into <database>', 'name of the new database (after the backup otherwise)')
		.addOption(
			new Option(
				'--replace <database>',
				'restore beside it, save it, then swap; the old one stays under a dated name',
			).conflicts('into'),
		)
		.option('--yes', 'with --replace: do not ask')
		.option(safetyFlag, `with --replace: ${safetyHelp}`)
		.option('--owner <role>', 'give everything to this role')
		.option('--no-owner', 'everything belongs to the user that connects')
		.addOption(
			new Option('--map-role <old=new>', 'a role that takes another one’s place; may be repeated')
				.argParser(addRoleMapping)
				.conflicts('owner'),
		)
		.option('--no-privileges', 'leave grants out')
		.option('--skip-missing-roles', 'leave out what names roles that the server lacks')
		.option('--no-manifest', noManifestHelp)
		.addOption(identityOption())
		.addOption(withoutExtensionOption())
		.option(
			'--skip-failed-indexes',
			'an index or a materialised view that cannot be built is a warning, not the end',
		)
		.addOption(new Option('--table <schema.table>', 'only this table; may be repeated').argParser(repeated))
		.addOption(n8nVersionOption())
		.addOption(
			new Option('--jobs <number>', 'connections that send rows and build indexes').argParser(
				wholeNumber(1, 32),
			),
		);
	addPostgresOptions(command).action((named: string, options: Options, self: Command) =>
		run(self, async (tools) => {
			const { path, notes } = await artifactToRestore(named, options, tools, 'postgres');
			tools.output.note(notes);
			const keys = await readKeys(options, [path], tools);
			const connection = await postgresConnection(options, tools);
			const request: RestoreRequest = {
				artifactPath: path,
				keys,
				manifest: await manifestOf(path, options),
				connection,
				target: await chooseTarget(path, options, { connection, keys }, tools),
				options: {
					owners: ownerRule(options),
					privileges: options.privileges ? 'as-dumped' : 'skip',
					missingRoles: options.skipMissingRoles ? 'skip' : 'fail',
					withoutExtensions: options.withoutExtension,
					skipFailedIndexes: options.skipFailedIndexes,
					tables: options.table,
					indexJobs: options.jobs,
				},
				n8nVersion: options.n8nVersion,
				timeZone: tools.globals.timeZone,
				onProgress: tools.output.onProgress,
			};
			const report = await asOwnerOf(dirname(path), async () => await restoreDump(request, tools.signal));
			tools.output.result({ artifact: path, ...report });
			tools.output.say(describe(report));
			return exitCodes.ok;
		}),
	);
};

async function chooseTarget(
	path: string,
	options: Options,
	{ connection, keys }: Pick<RestoreRequest, 'connection' | 'keys'>,
	tools: CommandTools,
): Promise<RestoreTarget> {
	const database = options.replace;
	if (database === undefined) return { kind: 'new', database: options.into ?? databaseNameFor(path) };
	const everything = { database, selection: {}, noOwner: false, noPrivileges: false };
	const openSource = builtInDump(connection, everything);
	const save = safetyBackup({ component: 'postgres', name: database, openSource, keys }, options, tools);
	const server = describeServer(connection);
	const consequence = `This puts ${path} in the place of the database "${database}" of ${server}.`;
	await confirm({ consequence, word: database, yes: options.yes }, tools.terminal, tools.signal);
	return { kind: 'replace', database, safetyBackup: save };
}

function ownerRule({ owner, mapRole }: Options): OwnerRule {
	if (mapRole) return { kind: 'map', roles: mapRole };
	if (typeof owner === 'string') return { kind: 'one', role: owner };
	return { kind: owner === false ? 'connecting-user' : 'as-dumped' };
}

function addRoleMapping(text: string, earlier: Record<string, string> = {}): Record<string, string> {
	const [, old, other] = /^([^=]+)=(.+)$/.exec(text) ?? [];
	if (old !== undefined && other !== undefined) return { ...earlier, [old]: other };
	throw new InvalidArgumentError('Write it as old=new.');
}

function describe({ database, replacedDatabase, rows, rawBytes, ...report }: RestoreReport): string {
	const counts = Object.values(rows);
	const total = counts.reduce((sum, count) => sum + count, 0);
	const tables = `${plural(total, 'row')} in ${plural(counts.length, 'table')}`;
	const seconds = (report.durationMs / 1000).toFixed(1);
	return [
		`✓ The database "${database}" is restored: ${tables}, ${formatBytes(rawBytes)} in ${seconds} s.`,
		report.comparison
			? '  Every table has the rows that were counted when it was backed up.'
			: '  Without a manifest nobody knows how many rows there should be.',
		...(replacedDatabase === undefined
			? []
			: [`  What was there before is now the database "${replacedDatabase}"; drop it when all is well.`]),
		...report.warnings.map((warning) => `  ! ${warning}`),
	].join('\n');
}
