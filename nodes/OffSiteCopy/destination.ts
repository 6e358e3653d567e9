import type { IExecuteFunctions, INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { BackupError, hostName, withoutLogin } from '../../core/errors';
import {
	type Destination,
	type DestinationOptions,
	hostKeysIn,
	openDestination,
	parsePlace,
} from '../../core/offsite';
import { allowedPath } from '../shared/allowedPath';
import { credentialText } from '../shared/credentialText';
import { readText } from '../shared/parameters';
import * as shared from '../shared/properties';

type Kind = 'aws' | 'directory' | 'nextcloud' | 's3' | 'sftp' | 'webdav';

const onlyFor = (...kinds: Kind[]) => ({ show: { destination: kinds } });

/** n8n's own credentials: people have them already. */
export const credentials: INodeCredentialDescription[] = [
	{ name: 'aws', required: true, displayOptions: onlyFor('aws') },
	{ name: 's3', required: true, displayOptions: onlyFor('s3') },
	{ name: 'sftp', required: true, displayOptions: onlyFor('sftp') },
	{ name: 'httpBasicAuth', required: true, displayOptions: onlyFor('webdav') },
	{ name: 'nextCloudApi', required: true, displayOptions: onlyFor('nextcloud') },
];

export const properties: INodeProperties[] = [
	{
		displayName: 'Destination',
		name: 'destination',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Amazon S3', value: 'aws' },
			{ name: 'Another Directory', value: 'directory', description: 'A NAS that is mounted, for example' },
			{ name: 'Nextcloud', value: 'nextcloud' },
			{ name: 'S3-Compatible', value: 's3', description: 'MinIO, R2, B2, Wasabi, Garage, Ceph and others' },
			{ name: 'SFTP', value: 'sftp' },
			{ name: 'WebDAV', value: 'webdav' },
		],
		default: 's3',
	},
	{
		displayName: 'Bucket',
		name: 'bucket',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. n8n-backups',
		displayOptions: onlyFor('aws', 's3'),
		description: 'It must exist',
	},
	{
		displayName: 'Prefix',
		name: 'keyPrefix',
		type: 'string',
		default: '',
		placeholder: 'e.g. n8n/backups',
		displayOptions: onlyFor('aws', 's3'),
		description: 'What the names of all objects begin with, as a folder',
	},
	{
		displayName: 'URL',
		name: 'url',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. https://example.com/backups',
		displayOptions: onlyFor('webdav'),
		description: 'The directory on the WebDAV server. It must exist.',
	},
	{
		displayName: 'Path',
		name: 'path',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. /mnt/nas/backups',
		displayOptions: onlyFor('directory', 'nextcloud', 'sftp'),
		description: 'The directory there. It must exist.',
	},
	shared.backupDirectory,
];

/** Where an operation works: the destination that was chosen, and the backup directory. */
export interface Places {
	destination: Destination;
	root: string;
}

/** Opens what the node's parameters and credentials name. @throws BackupError */
export async function openPlaces(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Places> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const root = await allowedPath(context, directory, 'Backup Directory');
	return { root, destination: await openDestination(await readOptions(context, itemIndex, root), signal) };
}

async function readOptions(
	context: IExecuteFunctions,
	itemIndex: number,
	root: string,
): Promise<DestinationOptions> {
	const parameter = (name: string) => (context.getNodeParameter(name, itemIndex, '') as string).trim();
	const kind = parameter('destination') as Kind;
	switch (kind) {
		case 'directory':
			return { kind, path: await allowedPath(context, parameter('path'), 'Path'), root };
		case 'aws':
		case 's3': {
			const place = parsePlace(`s3://${parameter('bucket')}`);
			if (place.kind !== 's3') throw new TypeError(place.kind);
			const prefix = parameter('keyPrefix').replace(/^\/+|\/+$/g, '');
			return { ...place, prefix, ...(await readKeys(context, itemIndex, kind)) };
		}
		case 'sftp': {
			const login = await context.getCredentials('sftp', itemIndex);
			const text = (name: string) => readText(credentialText(login, name));
			const privateKey = text('privateKey');
			return {
				...{
					kind,
					host: hostName(text('host') ?? '', 'The credential’s Host'),
					port: Number(login.port ?? 22),
					path: needed(parameter('path'), 'Path'),
				},
				...{ user: text('username') ?? '', privateKey, passphrase: text('passphrase') },
				password: privateKey === undefined ? credentialText(login, 'password') : undefined,
				hostKeys: hostKeysIn(root),
				onNewHostKey: (server, key) =>
					context.addExecutionHints({
						message: `The host key of ${server} is ${key}. It is kept from now on.`,
					}),
			};
		}
		case 'webdav': {
			const login = await context.getCredentials('httpBasicAuth', itemIndex);
			const [user, password] = [credentialText(login, 'user'), credentialText(login, 'password')];
			return { kind, url: httpUrl(parameter('url')), user, password };
		}
		case 'nextcloud': {
			const login = await context.getCredentials('nextCloudApi', itemIndex);
			const [user, password] = [credentialText(login, 'user'), credentialText(login, 'password')];
			const path = parameter('path').split('/').map(encodeURIComponent).join('/');
			const base = credentialText(login, 'webDavUrl').replace(/\/+$/, '');
			return { kind: 'webdav', url: httpUrl(`${base}/${path.replace(/^\/+/, '')}`), user, password };
		}
	}
}

async function readKeys(context: IExecuteFunctions, itemIndex: number, kind: 'aws' | 's3') {
	const login = await context.getCredentials(kind, itemIndex);
	const text = (name: string) => readText(credentialText(login, name));
	const isTemporary = kind === 'aws' && login.temporaryCredentials === true;
	const hasEndpoint = kind === 's3' || login.customEndpoints === true;
	const endpoint = hasEndpoint ? text(kind === 's3' ? 'endpoint' : 's3Endpoint') : undefined;
	return {
		region: text('region') ?? 'us-east-1',
		endpoint: endpoint && withoutLogin(endpoint, 'The credential’s S3 endpoint'),
		// An endpoint of one's own seldom has a host name for each bucket.
		forcePathStyle: kind === 's3' ? login.forcePathStyle === true : hasEndpoint,
		accessKeyId: text('accessKeyId') ?? '',
		secretAccessKey: text('secretAccessKey') ?? '',
		sessionToken: isTemporary ? text('sessionToken') : undefined,
	};
}

/** Without what would show a password in messages. */
function httpUrl(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url && /^https?:$/.test(url.protocol) && url.password === '' && url.username === '') return url.href;
	throw new BackupError('bad-parameter', 'The URL is none that can be used', {
		advice: 'Write https://host/path, and put user and password into the credential',
	});
}

function needed(value: string, name: string): string {
	if (value !== '') return value;
	throw new BackupError('bad-parameter', `${name} is empty`, { advice: 'Fill it in' });
}
