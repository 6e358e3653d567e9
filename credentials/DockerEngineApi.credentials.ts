import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

const overTcp = { show: { connectBy: ['tcp'] } };
const overTls = { show: { connectBy: ['tcp'], tls: [true] } };

const pem = (displayName: string, name: string, description: string): INodeProperties => ({
	displayName,
	name,
	type: 'string',
	typeOptions: { password: true, rows: 4 },
	default: '',
	displayOptions: overTls,
	description,
});

/** Docker’s own ports; an engine with TLS listens on another one. */
const port = (tls: boolean, standard: number): INodeProperties => ({
	displayName: 'Port',
	name: 'port',
	type: 'number',
	default: standard,
	displayOptions: { show: { connectBy: ['tcp'], tls: [tls] } },
});

/** Where the Docker Engine API is. The nodes that use it bring the connection test. */
export class DockerEngineApi implements ICredentialType {
	name = 'dockerEngineApi';

	displayName = 'Docker Engine API';

	icon: Icon = { light: 'file:dockerEngine.svg', dark: 'file:dockerEngine.dark.svg' };

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-backup';

	properties: INodeProperties[] = [
		{
			displayName:
				'Whoever can use the Docker Engine API is root on its machine. Share this credential with nobody who is not, and prefer a socket proxy that allows only what is needed.',
			name: 'rootWarning',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'Connect By',
			name: 'connectBy',
			type: 'options',
			options: [
				{
					name: 'Unix Socket',
					value: 'socket',
					description: 'A socket that is mounted into n8n’s container',
				},
				{
					name: 'TCP',
					value: 'tcp',
					description: 'A socket proxy, or an engine that listens on the network',
				},
			],
			default: 'socket',
		},
		{
			displayName: 'Socket Path',
			name: 'socketPath',
			type: 'string',
			default: '/var/run/docker.sock',
			displayOptions: { show: { connectBy: ['socket'] } },
			description: 'As n8n sees it. The user that n8n runs as must be in the group that owns it.',
		},
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			default: '',
			placeholder: 'e.g. docker-proxy',
			displayOptions: overTcp,
		},
		{ displayName: 'Use TLS', name: 'tls', type: 'boolean', default: false, displayOptions: overTcp },
		port(false, 2375),
		port(true, 2376),
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreTlsIssues',
			type: 'boolean',
			default: false,
			displayOptions: overTls,
			description: 'Whether to accept any certificate of the engine',
		},
		pem('CA Certificate', 'ca', 'PEM. Empty: the authorities that n8n trusts anyway.'),
		pem('Client Certificate', 'certificate', 'PEM, where the engine asks for one'),
		pem('Client Key', 'key', 'PEM, belonging to the client certificate'),
	];
}
