import { n8nEnvironment } from '../../lab/n8n/environment.ts';

const options = {
	userFolder: '/tmp/n8n',
	database: { host: '127.0.0.1', port: 5432, user: 'n8n', password: 'secret', database: 'n8n' },
	allowedPaths: ['/backups', '/sources'],
};
const ports = { editor: 5678, taskBroker: 5679 };

test('nothing of the caller’s environment reaches n8n but PATH, with this Node first', () => {
	process.env.N8N_ENCRYPTION_KEY = 'of somebody else';
	process.env.NODE_OPTIONS = '--experimental-vm-modules';
	try {
		const environment = n8nEnvironment(options, ports);
		expect(environment).not.toHaveProperty('N8N_ENCRYPTION_KEY');
		expect(environment).not.toHaveProperty('NODE_OPTIONS');
		expect(process.execPath.startsWith(environment.PATH!.split(':')[0]!)).toBe(true);
	} finally {
		delete process.env.N8N_ENCRYPTION_KEY;
		delete process.env.NODE_OPTIONS;
	}
});

test('allowed paths are joined as n8n reads them', () => {
	expect(n8nEnvironment(options, ports).N8N_RESTRICT_FILE_ACCESS_TO).toBe('/backups;/sources');
});

test('what a test asks for comes last', () => {
	const env = { N8N_TEMPLATES_ENABLED: 'true' };
	expect(n8nEnvironment({ ...options, env }, ports)).toMatchObject(env);
});
