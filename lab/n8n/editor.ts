import { setTimeout as wait } from 'node:timers/promises';
import { readExecution, type Execution, type StoredExecution } from './execution.ts';
import type { Workflow } from './workflow.ts';

/** The owner of every n8n that is started here; it is gone with its database. */
export const owner = {
	email: 'owner@example.com',
	password: 'Nightly-backup-2-am',
	firstName: 'Ada',
	lastName: 'Owner',
};

export interface CredentialReference {
	id: string;
	name: string;
}

interface SavedWorkflow {
	id: string;
	versionId: string;
}

/** What a person does in the editor, done through the same REST calls. */
export class Editor {
	private readonly url: string;
	/** Of the session, as `name=value`: for pages beside the REST API, such as forms. */
	readonly cookie: string;

	private constructor(url: string, cookie: string) {
		this.url = url;
		this.cookie = cookie;
	}

	/** Signs in as the owner, who is made first when the instance is new. */
	static async open(url: string): Promise<Editor> {
		const { email, password } = owner;
		const made = await post(`${url}/rest/owner/setup`, owner);
		const response = made.ok
			? made
			: await post(`${url}/rest/login`, { emailOrLdapLoginId: email, password });
		const cookie = response.headers.getSetCookie().find((line) => line.startsWith('n8n-auth='));
		if (!response.ok || !cookie) throw new Error(`n8n did not let the owner in: ${await response.text()}`);
		return new Editor(url, cookie.slice(0, cookie.indexOf(';')));
	}

	/** n8n encrypts `data` with its own key, as it does for a person. */
	async createCredential(name: string, type: string, data: object): Promise<CredentialReference> {
		const { id } = await this.request<CredentialReference>('POST', '/rest/credentials', { name, type, data });
		return { id, name };
	}

	async createWorkflow(workflow: Workflow): Promise<SavedWorkflow> {
		return await this.request('POST', '/rest/workflows', { settings: {}, ...workflow });
	}

	/** What "Import > From URL" puts on the canvas. */
	async importFromUrl(url: string): Promise<Workflow> {
		const { id } = await this.request<{ id: string }>('GET', '/rest/projects/personal');
		const query = new URLSearchParams({ url, projectId: id });
		return await this.request('GET', `/rest/workflows/from-url?${query.toString()}`);
	}

	async workflow(id: string): Promise<Workflow & SavedWorkflow> {
		return await this.request('GET', `/rest/workflows/${id}`);
	}

	/** Saves a workflow that was changed. */
	async changeWorkflow(id: string, change: Partial<Workflow>): Promise<void> {
		const { versionId } = await this.workflow(id);
		await this.request('PATCH', `/rest/workflows/${id}`, { versionId, ...change });
	}

	/** Deletes a workflow for good: it is archived first, as the editor does it. */
	async deleteWorkflow(id: string): Promise<void> {
		await this.request('POST', `/rest/workflows/${id}/archive`, {});
		await this.request('DELETE', `/rest/workflows/${id}`);
	}

	/** Makes a key for n8n's own API, with all that the owner may do, and saves it as a credential. */
	async createApiCredential(name: string): Promise<CredentialReference> {
		const scopes = await this.request<string[]>('GET', '/rest/api-keys/scopes');
		const { rawApiKey } = await this.request<{ rawApiKey: string }>('POST', '/rest/api-keys', {
			...{ label: name, expiresAt: null, scopes },
		});
		return await this.createCredential(name, 'n8nApi', { apiKey: rawApiKey, baseUrl: `${this.url}/api/v1` });
	}

	/** Switches the workflow's own triggers on: its schedule fires from now on. */
	async activate({ id, versionId }: SavedWorkflow): Promise<void> {
		await this.request('POST', `/rest/workflows/${id}/activate`, { versionId });
	}

	async deactivate({ id }: SavedWorkflow): Promise<void> {
		await this.request('POST', `/rest/workflows/${id}/deactivate`, {});
	}

	/** Presses "Execute workflow" at a trigger and waits for the end. */
	async run({ id }: { id: string }, trigger: string): Promise<Execution> {
		const { executionId } = await this.start({ id }, trigger);
		return await this.finished(executionId);
	}

	/** Presses "Execute workflow" and does not wait. */
	async start({ id }: { id: string }, trigger: string): Promise<{ executionId: string }> {
		return await this.request('POST', `/rest/workflows/${id}/run`, { triggerToStartFrom: { name: trigger } });
	}

	/** Presses "Stop execution". */
	async stop(executionId: string): Promise<void> {
		await this.request('POST', `/rest/executions/${executionId}/stop`, {});
	}

	async finished(executionId: string): Promise<Execution> {
		for (;;) {
			const stored = await this.request<StoredExecution>('GET', `/rest/executions/${executionId}`);
			if (!['new', 'running', 'unknown'].includes(stored.status)) return readExecution(stored);
			await wait(200);
		}
	}

	/** The ids of a workflow's executions, newest first. */
	async executions({ id }: { id: string }): Promise<string[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId: id }));
		const { results } = await this.request<{ results: Array<{ id: string }> }>(
			'GET',
			`/rest/executions?filter=${filter}`,
		);
		return results.map((execution) => execution.id);
	}

	/** Waits for the first execution of a workflow, however it comes about. */
	async nextExecution({ id }: { id: string }): Promise<string> {
		for (;;) {
			const newest = (await this.executions({ id }))[0];
			if (newest !== undefined) return newest;
			await wait(200);
		}
	}

	/** What tells this n8n from others; nodes know it as well. */
	async instanceId(): Promise<string> {
		const { instanceId } = await this.request<{ instanceId: string }>('GET', '/rest/settings');
		return instanceId;
	}

	/** Settings > Community nodes > Install. */
	async installPackage(name: string): Promise<void> {
		await this.request('POST', '/rest/community-packages', { name });
	}

	/** The names of all node types that this instance offers, such as `n8n-nodes-base.set`. */
	async nodeTypes(): Promise<string[]> {
		return await this.typeNames('nodes');
	}

	async credentialTypes(): Promise<string[]> {
		return await this.typeNames('credentials');
	}

	/** Settings > Community nodes > Install. */
	async installCommunityPackage(name: string): Promise<void> {
		await this.request('POST', '/rest/community-packages', { name });
	}

	/** Names of the packages that Settings > Community nodes lists. */
	async communityPackages(): Promise<string[]> {
		const listed = await this.request<Array<{ packageName: string }>>('GET', '/rest/community-packages');
		return listed.map(({ packageName }) => packageName);
	}

	private async typeNames(kind: 'nodes' | 'credentials'): Promise<string[]> {
		const response = await fetch(`${this.url}/types/${kind}.json`, { headers: { cookie: this.cookie } });
		const types = (await response.json()) as Array<{ name: string }>;
		return types.map(({ name }) => name);
	}

	private async request<Result>(method: string, path: string, body?: object): Promise<Result> {
		const response = await fetch(`${this.url}${path}`, {
			method,
			headers: { cookie: this.cookie, 'content-type': 'application/json' },
			body: body && JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`n8n answered ${method} ${path} with ${response.status}: ${text}`);
		return (JSON.parse(text) as { data: Result }).data;
	}
}

async function post(url: string, body: object): Promise<Response> {
	return await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
}
