import type { CredentialReference } from '../../../lab/n8n/editor.ts';
import { manualTrigger } from '../../../lab/n8n/nightlyBackup.ts';
import type { Workflow } from '../../../lab/n8n/workflow.ts';

/** What only n8n's encryption key reveals. */
export const storedSecret = 'only-the-encryption-key-reveals-this';

/** A workflow that shows a stored credential (httpQueryAuth) to whom it calls. */
export function callingWorkflow(url: string, credential: CredentialReference): Workflow {
	return {
		name: 'Call with a stored key',
		nodes: [
			{
				name: manualTrigger,
				type: 'n8n-nodes-base.manualTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			{
				name: 'Call',
				type: 'n8n-nodes-base.httpRequest',
				typeVersion: 4.2,
				position: [200, 0],
				parameters: {
					url,
					authentication: 'genericCredentialType',
					genericAuthType: 'httpQueryAuth',
					options: {},
				},
				credentials: { httpQueryAuth: credential },
			},
		],
		connections: { [manualTrigger]: { main: [[{ node: 'Call', type: 'main', index: 0 }]] } },
	};
}
