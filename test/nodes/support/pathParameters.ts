/** A parameter that is a path as n8n sees it, and so has to pass n8n's file-access check. */
export interface PathParameter {
	node: string;
	operation: string;
	parameter: string;
	/** What the error calls it. */
	label: string;
	/** What lies at the path, or comes to lie there. */
	is: 'directory' | 'file';
	/** It is written: that nothing is there is no fault. */
	written?: true;
	/** What makes the operation use it. */
	parameters?: Record<string, unknown>;
	/** The check that says so, where what is refused is no error but a finding. */
	reports?: string;
	/** What the error names that ends an operation whose path is allowed: what the test does not provide. */
	lacks?: string;
}

/** The backup directory is made by hand and used by every operation. */
const backupDirectory = (
	node: string,
	operation: string,
	parameters?: Record<string, unknown>,
): PathParameter => ({
	node,
	operation,
	parameter: 'backupDirectory',
	label: 'Backup Directory',
	is: 'directory',
	parameters,
});

const whicheverN8n = { artifactInstance: 'unknown' };

/** What is wrong is said in an item of the check. */
const finding = (parameter: string, is: PathParameter['is'], reports: string): PathParameter => ({
	...{ node: 'pruneBackups', operation: 'checkSetup', parameter, label: 'Path', is, reports },
	parameters: { checkPostgres: false, checkRedis: false },
});

export const pathParameters: PathParameter[] = [
	finding('backupDirectory', 'directory', 'backup directory'),
	finding('dataDirectory', 'directory', 'data folder'),
	finding('envFile', 'file', 'file PATH'),
	finding('composeFile', 'file', 'file PATH'),
	backupDirectory('postgresBackup', 'backUp'),
	backupDirectory('postgresBackup', 'drill', whicheverN8n),
	backupDirectory('postgresBackup', 'query', { ...whicheverN8n, sql: 'SELECT 1' }),
	backupDirectory('postgresBackup', 'restore', whicheverN8n),
	backupDirectory('postgresBackup', 'verify'),
	backupDirectory('pruneBackups', 'list'),
	backupDirectory('pruneBackups', 'prune'),
	backupDirectory('pruneBackups', 'report'),
	backupDirectory('redisSnapshot', 'restore', { ...whicheverN8n, confirmation: 'replace' }),
	backupDirectory('redisSnapshot', 'takeSnapshot'),
	backupDirectory('redisSnapshot', 'verify'),
	backupDirectory('volumeArchive', 'archive'),
	backupDirectory('volumeArchive', 'copyFile'),
	{ ...backupDirectory('volumeArchive', 'drill', whicheverN8n), lacks: 'holds no SQLite database' },
	{
		...backupDirectory('volumeArchive', 'query', { ...whicheverN8n, sql: 'SELECT 1' }),
		lacks: 'holds no SQLite database',
	},
	backupDirectory('volumeArchive', 'restore', whicheverN8n),
	backupDirectory('volumeArchive', 'verify'),
	{
		...{ node: 'redisSnapshot', operation: 'takeSnapshot', parameter: 'rdbPath', label: 'RDB File' },
		is: 'file',
		parameters: { engine: 'local' },
	},
	{
		...{ node: 'volumeArchive', operation: 'archive', parameter: 'directory', label: 'Directory' },
		is: 'directory',
	},
	{ ...{ node: 'volumeArchive', operation: 'copyFile', parameter: 'file', label: 'File' }, is: 'file' },
	{
		...{ node: 'volumeArchive', operation: 'restore', parameter: 'destination', label: 'Destination' },
		is: 'directory',
		written: true,
		parameters: { ...whicheverN8n, kind: 'n8n' },
	},
	{
		...{ node: 'volumeArchive', operation: 'restore', parameter: 'destination', label: 'Destination' },
		is: 'file',
		written: true,
		parameters: { ...whicheverN8n, kind: 'env' },
	},
];

const aName = 'a name that no path is made of';
const inContainer = 'of the container, not of n8n';

/** Every other text that can be typed in, and why it is no path of n8n's. A new one has to be placed here or above. */
export const notPaths: Record<string, string> = {
	accepted: 'file names of the catalog, compared with what is listed there',
	announceHost: 'a host',
	artifact: 'a file name within the backup directory; what stands before it is dropped',
	artifactInstance: 'the ID of an n8n',
	artifactPrefix: 'compared with file names, never part of a path',
	confirmation: 'compared with what it confirms',
	container: 'of the Docker Engine',
	containerCertificate: inContainer,
	containerKey: inContainer,
	containerPath: inContainer,
	containerSystemUser: inContainer,
	containerUser: 'a role of the server',
	database: 'compared with the paths in an archive',
	databaseNames: 'of the server',
	exclude: 'patterns for what is found below the directory',
	excludeSchemas: 'of the server',
	excludeTableData: 'of the server',
	excludeTables: 'of the server',
	failedComponents: 'names of components',
	names: 'file names at the destination, compared with what is listed there',
	holdStill: 'containers',
	listenHost: 'an address',
	newDatabase: 'of the server',
	owner: 'a role',
	pgDumpPath: 'a program: N8N_BACKUP_PROGRAMS says which may be run',
	prefix: aName,
	project: 'of the Docker Engine',
	replaceDatabase: 'of the server',
	roleMapping: 'roles',
	schemas: 'of the server',
	sql: 'asked of a copy, in a database that has nothing else',
	stop: 'containers',
	tables: 'of the server or of the dump',
	volume: 'of the Docker Engine',
	withoutExtensions: 'of the server',
};
