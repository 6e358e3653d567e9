import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { BackupError, hostName } from '../../core/errors';
import {
	describeServer,
	type PostgresConnection,
	type TlsSettings,
} from '../../core/postgres/connect/connection';
import type { CommandTools } from '../command';
import { readIfNamed } from './files';
import { portFrom, wholeNumber } from './numbers';
import { addPasswordOptions, type PasswordOptions, readPassword } from './password';

/** Where the server is, in libpq's words; whatever is not given is taken from libpq's environment variables. */
export interface PostgresOptions extends PasswordOptions {
	host?: string;
	port?: number;
	user?: string;
	database?: string;
	/** Seconds. */
	idleTimeout?: number;
	sslmode?: string;
	sslrootcert?: string;
	sslcert?: string;
	sslkey?: string;
}

/** `allow` is n8n's word, whose credential gets the same connection; libpq's would do without TLS where it can. */
const sslModes = ['disable', 'prefer', 'allow', 'require', 'verify-full'];

const sslHelp =
	'prefer: TLS where the server offers it, which whoever is in between can prevent; require: always, whatever the certificate; verify-full, and allow as n8n means it: with a certificate that is the server’s (or PGSSLMODE; prefer)';

export function addPostgresOptions(command: Command): Command {
	command
		.option('--host <name>', 'the server, or a directory with its socket (or PGHOST; localhost)')
		.addOption(new Option('--port <number>', '(or PGPORT; 5432)').argParser(wholeNumber(1, 65535)))
		.option('--user <name>', '(or PGUSER)')
		.option('--database <name>', 'a database to connect to for a start (or PGDATABASE; postgres)')
		.addOption(new Option('--sslmode <mode>', sslHelp).choices(sslModes))
		.option('--sslrootcert <path>', 'the authority that signed the server’s certificate (or PGSSLROOTCERT)')
		.option('--sslcert <path>', 'certificate of the client (or PGSSLCERT)')
		.option('--sslkey <path>', 'key of the client (or PGSSLKEY)')
		.addOption(
			new Option(
				'--idle-timeout <seconds>',
				'silence after which the server is asked whether it is still at work (60)',
			).argParser(wholeNumber(1, 86_400)),
		);
	return addPasswordOptions(command, 'PGPASSWORD');
}

/** Whether any of those options was given. */
export function namesServer(options: PostgresOptions): boolean {
	const { host, port, user, database, sslmode, sslrootcert, sslcert, sslkey } = options;
	return [host, port, user, database, sslmode, sslrootcert, sslcert, sslkey].some(
		(option) => option !== undefined,
	);
}

/** For an option that may be given several times. */
export function repeated(value: string, earlier: string[] = []): string[] {
	return [...earlier, value];
}

/** Of what restores: an extension that the dump has and the server cannot have. */
export function withoutExtensionOption(): Option {
	return new Option(
		'--without-extension <name>',
		'leave this extension out, as pg_cron, which only one database can have; may be repeated',
	).argParser(repeated);
}

/**
 * The connection that options and environment describe.
 *
 * @throws BackupError `bad-parameter` for a variable that makes no sense, and for files that cannot be read
 */
export async function postgresConnection(
	options: PostgresOptions,
	tools: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<PostgresConnection> {
	const { env } = tools.terminal;
	const host = hostName(options.host ?? env.PGHOST ?? 'localhost', 'The host of PostgreSQL');
	const port = options.port ?? portFrom(env, 'PGPORT', 5432);
	const user = options.user ?? env.PGUSER ?? userInfo().username;
	const tls = await tlsSettings(options, env);
	const server = `${user} on ${describeServer({ host, port })}`;
	const password = await readPassword(options, { variable: 'PGPASSWORD', server }, tools);
	const database = options.database ?? env.PGDATABASE ?? 'postgres';
	const idleTimeoutMs = options.idleTimeout && options.idleTimeout * 1000;
	return { host, port, user, password, database, tls, idleTimeoutMs };
}

/** libpq's modes, but for `allow`. */
async function tlsSettings(options: PostgresOptions, env: NodeJS.ProcessEnv): Promise<TlsSettings> {
	const sslmode = options.sslmode ?? env.PGSSLMODE ?? 'prefer';
	if (!sslModes.includes(sslmode)) {
		throw new BackupError('bad-parameter', `The SSL mode "${sslmode}" is not known here`, {
			advice: `Use ${sslModes.join(', ')}`,
		});
	}
	return {
		mode: sslmode === 'disable' || sslmode === 'prefer' ? sslmode : 'require',
		verifyCertificate: sslmode === 'verify-full' || sslmode === 'allow',
		ca: await readIfNamed(options.sslrootcert ?? env.PGSSLROOTCERT),
		certificate: await readIfNamed(options.sslcert ?? env.PGSSLCERT),
		key: await readIfNamed(options.sslkey ?? env.PGSSLKEY),
	};
}
