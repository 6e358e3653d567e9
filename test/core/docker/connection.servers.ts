import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectDocker } from '../../../core/docker/client';
import type { DockerConnection } from '../../../core/docker/connection';
import { listContainers } from '../../../core/docker/containers';
import { runExec } from '../../../core/docker/exec';
import { listVolumes } from '../../../core/docker/volumes';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import { runContainer } from '../../../lab/servers/dockerContainers.ts';
import { freePort } from '../../../lab/servers/freePort.ts';
import { describeDocker } from './support/describeDocker.ts';
import { type RecordingProxy, startProxy } from '../../../lab/servers/recordingProxy.ts';

jest.setTimeout(60_000);

const never = new AbortController().signal;

async function list(connection: DockerConnection): Promise<string[]> {
	return (await listContainers(await connectDocker(connection), never)).map(({ name }) => name);
}

describeDocker('The connection to an engine', () => {
	let home: string;
	let port: number;
	let engine: DockerEngine;
	let tls: Record<'ca' | 'certificate' | 'key' | 'foreignCertificate' | 'foreignKey', string>;

	beforeAll(async () => {
		home = await mkdtemp(join(tmpdir(), 'docker-connection-'));
		await chmod(home, 0o755);
		tls = await makeCertificates(home);
		port = await freePort();
		const file = (name: string) => join(home, name);
		engine = await startDocker({
			tcp: { port, tls: { ca: file('ca.crt'), certificate: file('server.crt'), key: file('server.key') } },
		});
		await runContainer(engine, ['sleep', '1000'], { name: 'box' });
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	const overTls = (
		more: Partial<{ ca: string; certificate: string; key: string; verifyCertificate: boolean }>,
	) => list({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyCertificate: true, ...more } });

	it('goes by the socket, whatever DOCKER_HOST says', async () => {
		process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
		process.env.DOCKER_TLS_VERIFY = '1';
		try {
			expect(await list({ kind: 'socket', path: engine.socketPath })).toEqual(['box']);
		} finally {
			delete process.env.DOCKER_HOST;
			delete process.env.DOCKER_TLS_VERIFY;
		}
	});

	it('goes by TCP with TLS and certificates on both sides', async () => {
		expect(await overTls(tls)).toEqual(['box']);
		expect(await overTls({ ...tls, ca: undefined, verifyCertificate: false })).toEqual(['box']);
	});

	it('runs commands over TLS, too', async () => {
		const connection: DockerConnection = {
			kind: 'tcp',
			host: '127.0.0.1',
			port,
			tls: { verifyCertificate: true, ca: tls.ca, certificate: tls.certificate, key: tls.key },
		};
		const client = await connectDocker(connection);
		const [container] = await listContainers(client, never);
		const { stdout } = await runExec(client, { container: container!, argv: ['sh', '-c', 'echo hi'] }, never);
		expect(stdout).toBe('hi\n');
	});

	it('says when the engine’s certificate is not trusted', async () => {
		await expect(overTls({ ...tls, ca: undefined })).rejects.toThrow(
			`The TLS certificate of Docker at tcp://127.0.0.1:${port} was not accepted`,
		);
	});

	it('says when the engine does not trust ours', async () => {
		const foreign = { certificate: tls.foreignCertificate, key: tls.foreignKey };
		for (const ours of [foreign, { certificate: undefined, key: undefined }]) {
			await expect(overTls({ ...tls, ...ours })).rejects.toThrow('did not accept n8n’s client certificate');
		}
	});

	it('says when the certificates in the credential are no PEM', async () => {
		await expect(overTls({ ...tls, certificate: 'MIIB' })).rejects.toThrow('are not valid');
	});

	it('says when one side speaks TLS and the other does not', async () => {
		await expect(list({ kind: 'tcp', host: '127.0.0.1', port })).rejects.toThrow('speaks TLS only');
		const proxy = await startProxy(engine.socketPath);
		try {
			const plain = {
				kind: 'tcp' as const,
				host: '127.0.0.1',
				port: proxy.port,
				tls: { verifyCertificate: true },
			};
			await expect(list(plain)).rejects.toThrow('does not speak TLS. Switch TLS off in the credential');
		} finally {
			await proxy.close();
		}
	});

	it('says when nothing answers', async () => {
		const closed = await freePort();
		await expect(list({ kind: 'tcp', host: '127.0.0.1', port: closed })).rejects.toThrow(
			`Nothing answers at Docker at tcp://127.0.0.1:${closed}.`,
		);
		await expect(list({ kind: 'socket', path: join(home, 'none.sock') })).rejects.toThrow(
			/^There is no Docker socket at .*none\.sock\. Mount it into n8n’s container/,
		);
		const dead = join(home, 'dead.sock');
		await writeFile(dead, '');
		await expect(list({ kind: 'socket', path: dead })).rejects.toThrow(
			`No Docker Engine listens at the socket ${dead}`,
		);
	});

	it('names the group to join when n8n’s user may not use the socket', async () => {
		const path = join(home, 'closed.sock');
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(path, resolve));
		await chown(path, 0, 4711);
		await chmod(path, 0o660);
		process.seteuid?.(65534);
		try {
			await expect(list({ kind: 'socket', path })).rejects.toThrow(
				`n8n’s user is not permitted to use the Docker socket ${path}. ` +
					'Add the socket’s group to n8n’s container (group_add: ["4711"]) and recreate it.',
			);
		} finally {
			process.seteuid?.(0);
			server.close();
		}
	});

	it('that never answers is given up', async () => {
		const silent = createServer(() => {});
		const path = join(home, 'silent.sock');
		await new Promise<void>((resolve) => silent.listen(path, resolve));
		const client = await connectDocker({ kind: 'socket', path });
		const cancel = new AbortController();
		setTimeout(() => cancel.abort(), 100);
		await expect(listContainers(client, cancel.signal)).rejects.toThrow('cancelled');
		const call = { call: 'GET /containers/json', purpose: 'list the containers', permissions: [] };
		await expect(
			client.call(call, (docker, abortSignal) => docker.listContainers({ abortSignal }), { timeoutMs: 100 }),
		).rejects.toThrow(`did not answer within 0 s. See whether \`docker ps\` answers`);
		silent.close();
	});

	describe('through a socket proxy', () => {
		let proxy: RecordingProxy;

		beforeAll(async () => {
			proxy = await startProxy(engine.socketPath);
		});
		afterAll(() => proxy?.close());

		const client = () => connectDocker({ kind: 'tcp', host: '127.0.0.1', port: proxy.port });

		it('does all that it does without one', async () => {
			proxy.forbid = undefined;
			const docker = await client();
			const [container] = await listContainers(docker, never);
			const { stdout } = await runExec(
				docker,
				{ container: container!, argv: ['sh', '-c', 'echo hi'] },
				never,
			);
			expect(stdout).toBe('hi\n');
		});

		it.each([
			[/^GET \/containers/, 'CONTAINERS=1', 'GET /containers/json'],
			[/^POST \/containers/, 'CONTAINERS=1 POST=1', 'POST /containers/{id}/exec'],
			[/^POST \/exec/, 'EXEC=1 POST=1', 'POST /exec/{id}/start'],
			[/^GET \/exec/, 'EXEC=1', 'GET /exec/{id}/json'],
		])('that forbids %s names what to allow: %s', async (forbidden, allow, call) => {
			proxy.forbid = forbidden;
			const docker = await client();
			const attempt = async () => {
				const [container] = await listContainers(docker, never);
				return await runExec(docker, { container: container!, argv: ['sh', '-c', 'exit 0'] }, never);
			};
			await expect(attempt()).rejects.toThrow(
				`but Docker at tcp://127.0.0.1:${proxy.port} forbids ${call}. ` +
					`Allow it in the socket proxy’s environment: ${allow}.`,
			);
		});

		it('that forbids volumes names what to allow', async () => {
			proxy.forbid = /volumes/;
			await expect(listVolumes(await client(), never)).rejects.toThrow(
				'forbids GET /volumes. Allow it in the socket proxy’s environment: VOLUMES=1.',
			);
		});

		it('that cuts a command’s output ends it as incomplete or lost', async () => {
			proxy.forbid = undefined;
			const docker = await client();
			const [container] = await listContainers(docker, never);
			const running = runExec(
				docker,
				{ container: container!, argv: ['sh', '-c', 'echo a; sleep 300'] },
				never,
			);
			setTimeout(() => proxy.cut(), 500);
			await expect(running).rejects.toThrow(/ended while it was still running|was lost|was cut off/);
		});
	});
});

const run = promisify(execFile);

/** Two authorities, of which the engine trusts one, and certificates that they signed. */
async function makeCertificates(home: string) {
	const openssl = (...options: string[]) => run('openssl', options, { cwd: home });
	const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
	for (const ca of ['ca', 'foreign-ca']) {
		const files = ['-keyout', `${ca}.key`, '-out', `${ca}.crt`];
		await openssl('req', '-x509', ...newKey, ...files, '-subj', `/CN=${ca}`, '-days', '2');
	}
	const sign = async (name: string, ca: string, extension: string) => {
		await writeFile(join(home, `${name}.ext`), extension);
		await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
		const by = ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '2'];
		await openssl(
			'x509',
			'-req',
			'-in',
			`${name}.csr`,
			...by,
			'-extfile',
			`${name}.ext`,
			'-out',
			`${name}.crt`,
		);
	};
	await sign('server', 'ca', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
	await sign('client', 'ca', 'extendedKeyUsage=clientAuth\n');
	await sign('foreign', 'foreign-ca', 'extendedKeyUsage=clientAuth\n');
	const text = (name: string) => readFile(join(home, name), 'utf8');
	return {
		ca: await text('ca.crt'),
		certificate: await text('client.crt'),
		key: await text('client.key'),
		foreignCertificate: await text('foreign.crt'),
		foreignKey: await text('foreign.key'),
	};
}
