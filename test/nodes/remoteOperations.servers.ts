import { startPasswordSftp } from '../../lab/servers/proftpd';
import { startSftp } from '../../lab/servers/sftp';
import { startSwift } from '../../lab/servers/swift';
import { startWebdav } from '../../lab/servers/webdav';
import { describeEngines } from './support/engines';
import { testOperation } from './support/operations';
import { remoteAccesses, remoteOperation, type RemoteServers } from './support/remoteOperations';

jest.setTimeout(240_000);

let servers: RemoteServers;

beforeAll(async () => {
	const [swift, sftp, passwordSftp, webdav] = await Promise.all([
		startSwift(),
		startSftp(),
		startPasswordSftp(),
		startWebdav(),
	]);
	servers = { swift, sftp, passwordSftp, webdav };
});
afterAll(async () => {
	for (const server of Object.values(servers)) await (server as { stop(): Promise<void> }).stop();
});

describeEngines('a copy with n8n’s own credential', (n8n) => {
	for (const access of remoteAccesses)
		testOperation(
			n8n,
			remoteOperation(() => servers, access),
		);
});
