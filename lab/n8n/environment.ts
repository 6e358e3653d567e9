import { delimiter, dirname } from 'node:path';

export interface N8nOptions {
	/** Where n8n keeps its .n8n folder; it serves as its home directory too. */
	userFolder: string;
	/** PostgreSQL; without it n8n keeps its data in SQLite, in its folder. */
	database?: { host: string; port: number; user: string; password: string; database: string };
	/** Directories that nodes may read and write. */
	allowedPaths: string[];
	timezone?: string;
	/** Added last, for what one test is about. */
	env?: NodeJS.ProcessEnv;
}

/**
 * The whole environment of an n8n process. Nothing of ours leaks in (Jest's NODE_OPTIONS would), and nothing
 * that would make n8n call home is left on.
 */
export function n8nEnvironment(
	options: N8nOptions,
	ports: { editor: number; taskBroker: number },
): NodeJS.ProcessEnv {
	return {
		PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
		HOME: options.userFolder,
		LANG: 'C.UTF-8',
		N8N_USER_FOLDER: options.userFolder,
		...databaseEnvironment(options),
		GENERIC_TIMEZONE: options.timezone ?? 'UTC',
		N8N_RESTRICT_FILE_ACCESS_TO: options.allowedPaths.join(';'),
		N8N_PORT: String(ports.editor),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_SECURE_COOKIE: 'false',
		N8N_RUNNERS_BROKER_PORT: String(ports.taskBroker),
		...quiet,
		...options.env,
	};
}

function databaseEnvironment({ database }: N8nOptions): NodeJS.ProcessEnv {
	if (!database) return { DB_TYPE: 'sqlite' };
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: database.host,
		DB_POSTGRESDB_PORT: String(database.port),
		DB_POSTGRESDB_DATABASE: database.database,
		DB_POSTGRESDB_USER: database.user,
		DB_POSTGRESDB_PASSWORD: database.password,
	};
}

const quiet = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
	// The one module that fetches something at every start.
	N8N_DISABLED_MODULES: 'mcp-registry',
};
