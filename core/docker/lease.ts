import { randomUUID } from 'node:crypto';
import type { DockerClient } from './client';
import { createHelper, type Helper, removeHelper } from './helperContainer';
import { pausedLabel, stoppedLabel } from './labels';
import { operations } from './operations';

/** Containers that were taken out of service and have to get back into it. Ids. */
export interface OutOfService {
	paused: string[];
	stopped: string[];
}

/** How often a living lease gets a new name. In milliseconds. */
export const renewEveryMs = 3_000;

const living = new Set<string>();

/** Whether a lease is held by this very process. */
export function isHeldHere(leaseId: string): boolean {
	return living.has(leaseId);
}

/**
 * What survives a crash of n8n: a container that is never started and whose labels say what was paused or stopped
 * (labels cannot be put on a container that exists, which is why the paused one does not carry them). While the
 * run lives, it renames the lease every three seconds, so that another run can tell a lease in use from one that a
 * crash left behind; see {@link recoverLeftovers}. Clocks play no part.
 */
export class Lease {
	readonly id: string;
	readonly #client: DockerClient;
	readonly #container: Helper;
	readonly #timer: NodeJS.Timeout;
	readonly #helpers: Helper[] = [];
	#renewals = 0;

	private constructor(client: DockerClient, id: string, container: Helper) {
		this.id = id;
		this.#client = client;
		this.#container = container;
		this.#timer = setInterval(() => void this.#renew(), renewEveryMs).unref();
	}

	/** Takes note of what is about to be paused or stopped; call it before that happens. */
	static async open(client: DockerClient, { paused, stopped }: OutOfService): Promise<Lease> {
		const id = randomUUID();
		living.add(id);
		try {
			const container = await createHelper(client, {
				name: leaseName(id, 0),
				role: 'lease',
				leaseId: id,
				labels: { [pausedLabel]: paused.join(), [stoppedLabel]: stopped.join() },
			});
			return new Lease(client, id, container);
		} catch (error) {
			living.delete(id);
			throw error;
		}
	}

	/** A container that is never started, to read a volume from. It is removed with the lease. */
	async createReader(volume: { name: string; mountPoint: string }): Promise<Helper> {
		return await this.#createHelper('reader', volume);
	}

	/** As {@link createReader}, to restore a volume. */
	async createWriter(volume: { name: string; mountPoint: string }): Promise<Helper> {
		return await this.#createHelper('writer', volume);
	}

	async #createHelper(
		role: 'reader' | 'writer',
		volume: { name: string; mountPoint: string },
	): Promise<Helper> {
		const name = `n8n-backup-${role}-${this.id}`;
		const helper = await createHelper(this.#client, { name, role, leaseId: this.id, volume });
		this.#helpers.push(helper);
		return helper;
	}

	/** Removes its helpers and the lease itself; what was paused must be running again by then. */
	async release(): Promise<void> {
		clearInterval(this.#timer);
		try {
			for (const helper of [...this.#helpers, this.#container]) await removeHelper(this.#client, helper);
		} finally {
			living.delete(this.id);
		}
	}

	/** Ends the renewals and leaves the lease to the next run, because something could not be undone. */
	abandon(): void {
		clearInterval(this.#timer);
		living.delete(this.id);
	}

	async #renew(): Promise<void> {
		const name = leaseName(this.id, ++this.#renewals);
		try {
			await this.#client.call(operations.renameContainer, (docker, abortSignal) =>
				docker.getContainer(this.#container.id).rename({ _query: { name }, _body: {}, abortSignal }),
			);
		} catch {
			// The next renewal may succeed; three in a row have to fail before anybody takes this run for dead.
		}
	}
}

function leaseName(id: string, renewals: number): string {
	return `n8n-backup-lease-${id}-${renewals}`;
}
