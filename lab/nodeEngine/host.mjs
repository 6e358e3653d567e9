/**
 * The process in which a node runs: n8n-core's own loader and `WorkflowExecute`, as n8n's main process and its workers
 * have them. Started by nodeEngine.ts, which sends one workflow after the other; a process of its own, so that each
 * version of n8n-core has its environment, its singletons and its file-access settings to itself.
 */
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [coreDirectory, packageDirectory] = process.argv.slice(2);
const require = createRequire(path.join(coreDirectory, 'package.json'));

// A node that is installed in n8n gets n8n's own n8n-workflow, not the copy that it was compiled against.
registerHooks({
	resolve(specifier, context, nextResolve) {
		if (specifier !== 'n8n-workflow') return nextResolve(specifier, context);
		return nextResolve(specifier, {
			...context,
			parentURL: pathToFileURL(path.join(coreDirectory, 'index.js')).href,
		});
	},
});

require('reflect-metadata');
const { Container } = require('@n8n/di');
const {
	CredentialTestContext,
	ExecutionLifecycleHooks,
	InstanceSettings,
	LoadOptionsContext,
	PackageDirectoryLoader,
	WorkflowExecute,
} = require(coreDirectory);
const { ICredentialsHelper, Workflow } = require('n8n-workflow');

/** Emits what the test hands over: a node's input is otherwise what some trigger makes. */
class InputItems {
	description = {
		displayName: 'Input Items',
		name: 'inputItems',
		group: ['trigger'],
		version: 1,
		description: '',
		defaults: { name: 'Input Items' },
		inputs: [],
		outputs: ['main'],
		properties: [{ displayName: 'Items', name: 'items', type: 'json', default: '[]' }],
	};

	async execute() {
		return [JSON.parse(this.getNodeParameter('items', 0)).map((json) => ({ json }))];
	}
}

const loader = new PackageDirectoryLoader(packageDirectory);
await loader.loadAll();

const nodeTypes = {
	getByName: (type) => nodeTypes.getByNameAndVersion(type),
	getByNameAndVersion(type) {
		if (type === 'test.inputItems') return inputItems;
		// As a tool of an AI agent, a node has a type of its own.
		return loader.getNode(type.slice(type.indexOf('.') + 1).replace(/Tool$/, '')).type;
	},
	getKnownTypes: () => loader.known.nodes,
};
const inputItems = new InputItems();

/** Credentials are in the message; storing and decrypting them is n8n's affair. */
class CredentialsOfTheTest extends ICredentialsHelper {
	constructor(credentials) {
		super();
		this.credentials = credentials;
	}
	getParentTypes() {
		return [];
	}
	isCredentialUsableByNode() {
		return true;
	}
	async getDecrypted(_additionalData, _nodeCredentials, type) {
		return this.credentials[type];
	}
	async getCredentials() {
		throw new Error('Nobody asks for the encrypted credential');
	}
	async authenticate(_credentials, _type, request) {
		return request;
	}
	async preAuthentication() {
		return undefined;
	}
	async runPreAuthentication() {
		return undefined;
	}
	async updateCredentials() {}
	async updateCredentialsOauthTokenData() {}
	getCredentialsProperties() {
		return [];
	}
}

/** Of forms and webhooks; nothing listens there. */
const url = 'http://localhost:5678';

let running;

function additionalDataFor({ credentials, ...more }) {
	return {
		executionId: '1',
		userId: 'test',
		currentNodeParameters: undefined,
		restApiUrl: url,
		instanceBaseUrl: url,
		formWaitingBaseUrl: url,
		webhookBaseUrl: url,
		webhookWaitingBaseUrl: url,
		webhookTestBaseUrl: url,
		variables: {},
		externalSecretsProxy: {},
		credentialsHelper: new CredentialsOfTheTest(credentials),
		setExecutionStatus() {},
		logAiEvent() {},
		...more,
	};
}

async function run({ workflow: data, credentials, mode }) {
	const messages = [];
	const additionalData = additionalDataFor({
		credentials,
		hooks: new ExecutionLifecycleHooks(mode, '1', data),
		sendDataToUI: (type, message) => messages.push({ type, message }),
	});
	const workflow = new Workflow({ ...data, nodeTypes, active: false });
	const execute = new WorkflowExecute(additionalData, mode);
	const startNode = workflow.getNode('Input');
	// The engine of n8n 2.1 takes two arguments, the present one an object.
	running =
		execute.run.length === 1 ? execute.run({ workflow, startNode }) : execute.run(workflow, startNode);
	const { data: result, status } = await running;
	const { error, runData } = result.resultData;
	return { status, error: plainError(error), nodes: outputsOf(runData), messages };
}

/** Per node: the items of each of its outputs, and its error. */
function outputsOf(runData) {
	return Object.fromEntries(
		Object.entries(runData).map(([name, [task]]) => [
			name,
			{
				outputs: (task.data?.main ?? []).map((items) => items ?? []),
				error: plainError(task.error),
				hints: task.hints,
			},
		]),
	);
}

function plainError(error) {
	return (
		error && { name: error.name, message: error.message, description: error.description, stack: error.stack }
	);
}

/** What a drop-down of the editor shows: n8n calls the node's method with this context. */
async function search({ workflow: data, credentials, method, filter }) {
	const workflow = new Workflow({ ...data, nodeTypes, active: false });
	const node = workflow.getNode('Node');
	const { methods } = nodeTypes.getByName(node.type);
	const context = new LoadOptionsContext(workflow, node, additionalDataFor({ credentials }), '');
	if (methods.loadOptions?.[method]) return { results: await methods.loadOptions[method].call(context) };
	return await methods.listSearch[method].call(context, filter);
}

/** The test that the node brings for a credential, found as n8n finds it. */
async function testCredential({ node, type, data }) {
	const { description, methods } = nodeTypes.getByName(node);
	const { testedBy } = description.credentials.find(({ name }) => name === type);
	const context = new CredentialTestContext(additionalDataFor({ credentials: {} }));
	return await methods.credentialTest[testedBy].call(context, { id: type, name: type, type, data });
}

const tasks = { run, search, testCredential };

process.on('message', ({ kind, ...request }) => {
	if (kind === 'cancel') running?.cancel();
	else {
		tasks[kind](request).then(
			(result) => process.send({ kind: 'done', result }),
			(error) => process.send({ kind: 'failed', error: String(error?.stack ?? error) }),
		);
	}
});
process.on('disconnect', () => process.exit());
process.send({ kind: 'ready', instanceId: Container.get(InstanceSettings).instanceId });
