import type { ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { connectDocker, type DockerClient, listContainers, listVolumes } from '../../core/docker';
import { dockerConnection } from './dockerConnection';
import { choices } from './lists/choices';
import { listed } from './lists/listed';

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
	const containers = await fromEngine(this, listContainers);
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
	const volumes = await fromEngine(this, listVolumes);
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
	const volumes = await fromEngine(this, listVolumes);
	const projects = [...new Set(volumes.flatMap(({ composeProject }) => composeProject ?? []))];
	return choices(
		projects.map((project) => {
			const count = volumes.filter(({ composeProject }) => composeProject === project).length;
			return { value: project, label: `${project} (${count} volumes)` };
		}),
		filter,
	);
}

async function fromEngine<Result>(
	context: ILoadOptionsFunctions,
	list: (client: DockerClient, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
	return await listed(context, 'choose By Name and type it', async (signal) => {
		const credential = await context.getCredentials('dockerEngineApi');
		return await list(await connectDocker(dockerConnection(credential)), signal);
	});
}
