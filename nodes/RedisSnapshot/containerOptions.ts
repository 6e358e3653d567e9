import type { INodeProperties } from 'n8n-workflow';
import type { RedisConnection } from '../../core/redis/connection';
import type { ContainerRedisLogin } from '../../core/redis/protocol/containerRedis';
import { readText } from '../shared/parameters';

const displayOptions = { show: { '/engine': ['docker'] } };

/** What is known of the login within a container, for the node’s parameters. */
export const loginHint =
	'Of the Redis credential only user and password are used; port and TLS within the container are options';

/** How the server is reached within its own container, where the credential’s host and port mean nothing. */
export const containerOptions: INodeProperties[] = [
	{
		displayName: 'Client Certificate in Container',
		name: 'containerCertificate',
		type: 'string',
		default: '',
		placeholder: 'e.g. /tls/redis.crt',
		displayOptions,
		description: 'For a server that asks for one: its path within the container',
	},
	{
		displayName: 'Client Key in Container',
		name: 'containerKey',
		type: 'string',
		default: '',
		placeholder: 'e.g. /tls/redis.key',
		displayOptions,
		description: 'The key of that certificate: its path within the container',
	},
	{
		displayName: 'Container Port',
		name: 'containerPort',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 65535 },
		default: 6379,
		displayOptions,
		description: 'Port that Redis listens on within the container',
	},
	{
		displayName: 'TLS in Container',
		name: 'containerTls',
		type: 'boolean',
		default: false,
		displayOptions,
		description: 'Whether that port speaks TLS',
	},
];

export interface ContainerOptions {
	containerCertificate?: string;
	containerKey?: string;
	containerPort?: number;
	containerTls?: boolean;
}

/** User and password come from the credential, everything else from the options. */
export function containerLogin(
	{ user, password }: RedisConnection,
	{ containerCertificate, containerKey, containerPort, containerTls }: ContainerOptions,
): ContainerRedisLogin {
	return {
		user,
		password,
		port: containerPort,
		tls: containerTls,
		tlsCertificate: readText(containerCertificate),
		tlsKey: readText(containerKey),
	};
}
