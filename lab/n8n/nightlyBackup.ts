import type { CredentialReference } from './editor.ts';
import type { Stack } from './stack.ts';
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
	return fillIn(await shippedWorkflow('nightly-backup.json'), {
		credentials,
		settings: {
			backupDirectory: stack.backupDirectory,
			n8nDataDirectory: stack.n8nDataDirectory,
			envFile: stack.envFile,
			...settings,
		},
	});
}
