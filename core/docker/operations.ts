/** What a socket proxy calls the parts of the API that it can allow or forbid (Tecnativa's names). */
export type ProxyPermission = 'CONTAINERS' | 'EXEC' | 'VOLUMES' | 'POST';

/** One call of the Engine API. */
export interface Operation {
	/** Method and path as the API's reference writes them. */
	call: string;
	/** Completes "n8n wanted to …". */
	purpose: string;
	/** What a socket proxy has to allow for it. */
	permissions: ProxyPermission[];
}

/**
 * Every call that is ever made, and nothing else is. docs/docker.md explains each; a test holds the two lists
 * together and watches the wire for calls that are not among them.
 *
 * The paths carry no version. An engine then answers as its own newest version, so there is nothing to
 * negotiate (Docker 29 refuses what 20.10 offers and the other way round) and no `GET /version` to allow; the
 * few fields that are read have been the same in all of them, and in Podman.
 */
export const operations = {
	listContainers: {
		call: 'GET /containers/json',
		purpose: 'list the containers',
		permissions: ['CONTAINERS'],
	},
	createExec: {
		call: 'POST /containers/{id}/exec',
		purpose: 'prepare a command inside a container',
		permissions: ['CONTAINERS', 'POST'],
	},
	startExec: {
		call: 'POST /exec/{id}/start',
		purpose: 'run a command inside a container',
		permissions: ['EXEC', 'POST'],
	},
	inspectExec: {
		call: 'GET /exec/{id}/json',
		purpose: 'read a command’s exit code',
		permissions: ['EXEC'],
	},
	readArchive: {
		call: 'GET /containers/{id}/archive',
		purpose: 'read files of a container',
		permissions: ['CONTAINERS'],
	},
	writeArchive: {
		call: 'PUT /containers/{id}/archive',
		purpose: 'put files into a container',
		permissions: ['CONTAINERS', 'POST'],
	},
	listVolumes: {
		call: 'GET /volumes',
		purpose: 'list the volumes',
		permissions: ['VOLUMES'],
	},
	createContainer: {
		call: 'POST /containers/create',
		purpose: 'create a helper container, which is never started',
		permissions: ['CONTAINERS', 'POST'],
	},
	renameContainer: {
		call: 'POST /containers/{id}/rename',
		purpose: 'renew the sign that this run is alive',
		permissions: ['CONTAINERS', 'POST'],
	},
	removeContainer: {
		call: 'DELETE /containers/{id}',
		purpose: 'remove its helper container',
		permissions: ['CONTAINERS', 'POST'],
	},
	pauseContainer: {
		call: 'POST /containers/{id}/pause',
		purpose: 'pause a container',
		permissions: ['CONTAINERS', 'POST'],
	},
	unpauseContainer: {
		call: 'POST /containers/{id}/unpause',
		purpose: 'resume a container',
		permissions: ['CONTAINERS', 'POST'],
	},
	stopContainer: {
		call: 'POST /containers/{id}/stop',
		purpose: 'stop a container',
		permissions: ['CONTAINERS', 'POST'],
	},
	startContainer: {
		call: 'POST /containers/{id}/start',
		purpose: 'start a container',
		permissions: ['CONTAINERS', 'POST'],
	},
} satisfies Record<string, Operation>;
