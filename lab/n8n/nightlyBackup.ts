import type { CredentialReference } from './editor.ts';
import type { S3Server } from '../servers/swift.ts';
import type { N8nWithFiles, Stack } from './stack.ts';
import { fillIn, shippedWorkflow, type Choices, type Workflow } from './workflow.ts';

/** The trigger that starts the workflow by hand, as it is called on the canvas. */
export const manualTrigger = 'Run by Hand';

/** Saves the two credentials that the nightly workflow needs, as a person has them already. */
export async function createCredentials({
	editor,
	database,
	redis,
}: Stack): Promise<Record<'postgres' | 'redis', CredentialReference>> {
	const { host, port, user, password } = database;
	return {
		postgres: await editor.createCredential('n8n database', 'postgres', {
			host,
			port,
			user,
			password,
			database: database.database,
			ssl: 'disable',
		}),
		redis: await editor.createCredential('n8n queue', 'redis', {
			host: redis.host,
			port: redis.port,
			password: redis.password,
			database: 0,
		}),
	};
}

/** The shipped nightly workflow, set to back up this very stack. */
export async function nightlyBackup(
	stack: Stack,
	credentials: Choices['credentials'],
	settings: Choices['settings'] = {},
): Promise<Workflow> {
	return await backupOf(stack, 'nightly-backup.json', credentials, settings);
}

/** The shipped workflow for an n8n that keeps its data in SQLite, set to back up this very one. */
export async function nightlySqliteBackup(
	n8n: N8nWithFiles,
	settings: Choices['settings'] = {},
): Promise<Workflow> {
	return await backupOf(n8n, 'nightly-backup-sqlite.json', {}, settings);
}

async function backupOf(
	{ backupDirectory, n8nDataDirectory, envFile, composeFile }: N8nWithFiles,
	file: string,
	credentials: Choices['credentials'],
	settings: Choices['settings'],
): Promise<Workflow> {
	const places = { backupDirectory, n8nDataDirectory, envFile, composeFile };
	return fillIn(await shippedWorkflow(file), { credentials, settings: { ...places, ...settings } });
}

/** Where a night copies its backups to. */
export interface OffSite {
	/** Of the type s3. */
	credential: CredentialReference;
	bucket: string;
	keyPrefix: string;
}

/** The workflow with its copy off-site switched on, as a person does it. */
export function withOffSite(workflow: Workflow, { credential, ...place }: OffSite): Workflow {
	const nodes = workflow.nodes.map((node) => {
		if (node.name !== 'Copy Off-Site') return node;
		return {
			...node,
			disabled: false,
			parameters: { ...node.parameters, ...place },
			credentials: { s3: credential },
		};
	});
	return { ...workflow, nodes };
}

/** Saves the credential of an S3 server. */
export async function createS3Credential(
	{ editor }: N8nWithFiles,
	{ endpoint, accessKeyId, secretAccessKey }: Pick<S3Server, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>,
): Promise<CredentialReference> {
	const keys = { endpoint, accessKeyId, secretAccessKey };
	return await editor.createCredential('Bucket', 's3', {
		...keys,
		region: 'us-east-1',
		forcePathStyle: true,
		ignoreSSLIssues: false,
	});
}

/** The workflow whose backups are encrypted, as a person switches that on in each node that makes them. */
export function withEncryption(workflow: Workflow, credential: CredentialReference): Workflow {
	const nodes = workflow.nodes.map((node) => {
		if (!makesBackups.has(String(node.parameters.operation))) return node;
		return {
			...node,
			parameters: { ...node.parameters, useEncryption: true },
			credentials: { ...node.credentials, backupEncryptionAgeApi: credential },
		};
	});
	return { ...workflow, nodes };
}

const makesBackups = new Set(['backUp', 'takeSnapshot', 'archive', 'copyFile']);
