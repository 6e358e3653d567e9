import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialDescription,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { connectDocker, type DockerConnection, listContainers } from '../../core/docker';
import { errorMessage, hostName } from '../../core/errors';
import { credentialText } from './credentialText';

/** Our own `dockerEngineApi` credential as core understands it. */
export function dockerConnection(credential: ICredentialDataDecryptedObject): DockerConnection {
	const text = (name: string) => credentialText(credential, name).trim() || undefined;
	if (credential.connectBy !== 'tcp') {
		return { kind: 'socket', path: text('socketPath') ?? '/var/run/docker.sock' };
	}
	const tls = credential.tls === true && {
		verifyCertificate: credential.ignoreTlsIssues !== true,
		ca: text('ca'),
		certificate: text('certificate'),
		key: text('key'),
	};
	return {
		kind: 'tcp',
		host: hostName(text('host') ?? '', 'The credential’s Host'),
		port: Number(credential.port ?? (tls ? 2376 : 2375)),
		tls: tls || undefined,
	};
}

/** How a node asks for the credential while one of these operations uses the engine `docker`. */
export function dockerCredential(operations: string[]): INodeCredentialDescription {
	return {
		name: 'dockerEngineApi',
		required: true,
		testedBy: 'dockerEngineApiTest',
		displayOptions: { show: { operation: operations, engine: ['docker'] } },
	};
}

/** The editor's connection test: the containers can be listed, which is the least that every use needs. */
export async function dockerEngineApiTest(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const client = await connectDocker(dockerConnection(credential.data ?? {}));
		const containers = await listContainers(client, AbortSignal.timeout(10_000));
		return { status: 'OK', message: `Connected; the engine has ${containers.length} containers` };
	} catch (error) {
		return { status: 'Error', message: errorMessage(error) };
	}
}
