import type { ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { connectDocker, type DockerClient, listContainers, listVolumes } from '../../core/docker';
import { dockerConnection } from './dockerConnection';

/** Milliseconds that a drop-down waits for the engine. */
const listTimeoutMs = 10_000;

/** A container by name, id or Compose service, typed or picked from what the engine has. */
export const container: INodeProperties = {
	displayName: 'Container',
	name: 'container',
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	required: true,
	description: 'The server’s container: its name, its ID, or its service in Docker Compose',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchContainers', searchable: true },
		},
		{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. postgres' },
	],
};

/** The containers of the engine for a drop-down: name, image, state. The value is the name, which outlives an id. */
export async function searchContainers(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const client = await connectTo(this);
	const containers = await listContainers(client, AbortSignal.timeout(listTimeoutMs));
	return choices(
		containers.map(({ name, image, state }) => ({ value: name, label: `${name} (${image}, ${state})` })),
		filter,
	);
}

/** The volumes of the engine for a drop-down, with their Compose project and who uses them. */
export async function searchVolumes(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const client = await connectTo(this);
	const volumes = await listVolumes(client, AbortSignal.timeout(listTimeoutMs));
	return choices(
		volumes.map(({ name, composeProject, users }) => {
			const project = composeProject ? `project ${composeProject}` : 'no project';
			const usedBy = users.length > 0 ? `used by ${users.map((user) => user.name).join(', ')}` : 'unused';
			return { value: name, label: `${name} (${project}, ${usedBy})` };
		}),
		filter,
	);
}

/** The Compose projects that have volumes, for a drop-down. */
export async function searchProjects(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const client = await connectTo(this);
	const volumes = await listVolumes(client, AbortSignal.timeout(listTimeoutMs));
	const projects = [...new Set(volumes.flatMap(({ composeProject }) => composeProject ?? []))];
	return choices(
		projects.map((project) => {
			const count = volumes.filter(({ composeProject }) => composeProject === project).length;
			return { value: project, label: `${project} (${count} volumes)` };
		}),
		filter,
	);
}

async function connectTo(context: ILoadOptionsFunctions): Promise<DockerClient> {
	return await connectDocker(dockerConnection(await context.getCredentials('dockerEngineApi')));
}

function choices(all: Array<{ value: string; label: string }>, filter = ''): INodeListSearchResult {
	const wanted = filter.toLowerCase();
	return {
		results: all
			.filter(({ label }) => label.toLowerCase().includes(wanted))
			.map(({ value, label }) => ({ name: label, value })),
	};
}
