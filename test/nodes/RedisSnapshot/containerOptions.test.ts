import { containerLogin, containerOptions } from '../../../nodes/RedisSnapshot/containerOptions';
import { RedisSnapshot } from '../../../nodes/RedisSnapshot/RedisSnapshot.node';

const credential = {
	host: 'redis',
	port: 6380,
	user: 'backup',
	password: 'pw',
	tls: { verifyCertificate: true },
};

describe('The login within a container', () => {
	it('is the credential’s user at the port and in the way that the options say', () => {
		expect(
			containerLogin(credential, {
				containerPort: 7443,
				containerTls: true,
				containerCertificate: ' /tls/redis.crt ',
				containerKey: '/tls/redis.key',
			}),
		).toEqual({
			user: 'backup',
			password: 'pw',
			port: 7443,
			tls: true,
			tlsCertificate: '/tls/redis.crt',
			tlsKey: '/tls/redis.key',
		});
	});

	it('takes nothing of how n8n reaches the server from outside', () => {
		expect(containerLogin(credential, {})).toEqual({ user: 'backup', password: 'pw' });
	});

	it('is offered for snapshots and restores by the engine docker alone', () => {
		const collections = new RedisSnapshot().description.properties.filter(({ name }) => name === 'options');
		const offering = collections.filter(({ options = [] }) =>
			containerOptions.every(({ name }) => options.some((option) => option.name === name)),
		);
		expect(offering.flatMap(({ displayOptions }) => displayOptions?.show?.operation)).toEqual([
			'takeSnapshot',
			'restore',
		]);
		for (const { displayOptions } of containerOptions) {
			expect(displayOptions).toEqual({ show: { '/engine': ['docker'] } });
		}
	});
});
