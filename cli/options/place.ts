import { Option } from 'commander';
import { BackupError, withoutLogin } from '../../core/errors';
import {
	type Destination,
	type DestinationOptions,
	hostKeyGiven,
	hostKeysIn,
	openDestination,
	parsePlace,
	type Place,
} from '../../core/offsite';
import type { CommandTools } from '../command';
import { readIfNamed } from './files';

const forms =
	's3://bucket/prefix, sftp://user@host/path, webdavs://user@host/path, or a directory; its secrets come from the environment';

export function atOption(): Option {
	return new Option('--at <place>', `a place off-site: ${forms}`);
}

/** `--at` of a command that needs the backup here. */
export function fromOption(): Option {
	return new Option('--at <place>', `fetch it first from a place off-site: ${forms}`);
}

/**
 * The destination that `--at` names, with its secrets from the environment.
 *
 * @param copied the backup directory that is copied there
 * @throws BackupError `bad-parameter`, or what keeps it from being reached
 */
export async function openPlace(at: string, tools: CommandTools, copied?: string): Promise<Destination> {
	return await openDestination(await optionsFor(parsePlace(at), tools, copied), tools.signal);
}

async function optionsFor(place: Place, tools: CommandTools, copied?: string): Promise<DestinationOptions> {
	const { env } = tools.terminal;
	switch (place.kind) {
		case 'directory':
			return { ...place, root: copied };
		case 's3':
			return { ...place, ...s3Settings(env) };
		case 'sftp':
			return { ...place, ...(await sftpSettings(place.user, tools)) };
		case 'webdav':
			return { ...place, password: place.user === '' ? '' : needed(env, 'N8N_BACKUP_WEBDAV_PASSWORD') };
	}
}

/** The variables are those of Amazon's own command. */
function s3Settings(env: NodeJS.ProcessEnv) {
	const written = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
	const endpoint = written && withoutLogin(written, 'AWS_ENDPOINT_URL');
	return {
		region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
		endpoint,
		// Servers that are not Amazon's seldom have a host name for each bucket.
		forcePathStyle: endpoint !== undefined,
		accessKeyId: needed(env, 'AWS_ACCESS_KEY_ID'),
		secretAccessKey: needed(env, 'AWS_SECRET_ACCESS_KEY'),
		sessionToken: env.AWS_SESSION_TOKEN,
	};
}

async function sftpSettings(user: string, { terminal: { env }, globals, output }: CommandTools) {
	if (user === '') {
		throw new BackupError('bad-parameter', 'The SFTP place names no user', {
			advice: 'Write sftp://user@host/path',
		});
	}
	const privateKey = await readIfNamed(env.N8N_BACKUP_SFTP_KEY_FILE);
	const pinned = env.N8N_BACKUP_SFTP_HOST_KEY;
	return {
		password: privateKey === undefined ? needed(env, 'N8N_BACKUP_SFTP_PASSWORD') : undefined,
		privateKey,
		passphrase: env.N8N_BACKUP_SFTP_KEY_PASSPHRASE,
		hostKeys:
			pinned === undefined && globals.directory !== undefined
				? hostKeysIn(globals.directory)
				: hostKeyGiven(pinned),
		onNewHostKey: (server: string, key: string) => output.say(`The host key of ${server} is ${key}`),
	};
}

function needed(env: NodeJS.ProcessEnv, name: string): string {
	const value = env[name];
	if (value !== undefined && value !== '') return value;
	throw new BackupError('bad-parameter', `${name} is not set`, {
		advice: 'Set it in the environment; secrets are never taken from the command line',
	});
}
