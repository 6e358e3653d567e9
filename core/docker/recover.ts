import { setTimeout as wait } from 'node:timers/promises';
import { errorMessage } from '../errors';
import type { DockerClient } from './client';
import { type Container, listAllContainers } from './containers';
import { removeHelper } from './helperContainer';
import { leaseLabel, pausedLabel, roleLabel, stoppedLabel } from './labels';
import { isHeldHere, renewEveryMs } from './lease';
import { putBackIntoService } from './outOfService';

/** A lease whose name has not changed for this long belongs to a run that is gone. In milliseconds. */
export const abandonedAfterMs = 4 * renewEveryMs;

const lookEveryMs = 500;

/**
 * Undoes what a run that crashed has left behind: resumes what it had paused or stopped, and removes its helper
 * containers. Ordinarily one call that finds nothing. A lease of another process is watched until its next renewal
 * shows that it lives, three seconds at most, or until its silence shows that it does not.
 *
 * @param silenceMs how long a lease has to be silent
 * @returns one warning for each thing that was put right, or could not be
 */
export async function recoverLeftovers(
	client: DockerClient,
	signal: AbortSignal,
	silenceMs: number = abandonedAfterMs,
): Promise<string[]> {
	const helpers = await foreignHelpers(client, signal);
	if (helpers.length === 0) return [];
	const dead = await watch(client, helpers, silenceMs, signal);
	const warnings: string[] = [];
	for (const group of dead) warnings.push(...(await undo(client, group)));
	return warnings;
}

async function foreignHelpers(client: DockerClient, signal: AbortSignal): Promise<Container[]> {
	const all = await listAllContainers(client, signal);
	return all.filter(({ labels }) => labels[leaseLabel] !== undefined && !isHeldHere(labels[leaseLabel]));
}

/** Helpers of the same lease. */
type Group = Container[];

/** The groups that showed no sign of life. */
async function watch(
	client: DockerClient,
	seen: Container[],
	silenceMs: number,
	signal: AbortSignal,
): Promise<Group[]> {
	const suspects = new Map(Object.entries(Object.groupBy(seen, ({ labels }) => labels[leaseLabel]!)));
	for (const deadline = performance.now() + silenceMs; suspects.size > 0 && performance.now() < deadline;) {
		await wait(lookEveryMs, undefined, { signal });
		const now = await foreignHelpers(client, signal);
		for (const [leaseId, before] of suspects) {
			const after = now.filter(({ labels }) => labels[leaseLabel] === leaseId);
			if (namesOf(after) !== namesOf(before ?? [])) suspects.delete(leaseId);
		}
	}
	return [...suspects.values()].flatMap((group) => (group ? [group] : []));
}

function namesOf(group: Group): string {
	return group
		.map(({ name }) => name)
		.sort()
		.join();
}

async function undo(client: DockerClient, group: Group): Promise<string[]> {
	const ids = (label: string) =>
		group.flatMap(({ labels }) => (labels[label] ?? '').split(',')).filter(Boolean);
	try {
		const resumed = await putBackIntoService(client, {
			paused: ids(pausedLabel),
			stopped: ids(stoppedLabel),
		});
		// The lease last: as long as the lease is there, everything can be found and tried again.
		const leaseLast = group.toSorted((a, b) =>
			(b.labels[roleLabel] ?? '').localeCompare(a.labels[roleLabel] ?? ''),
		);
		for (const helper of leaseLast) await removeHelper(client, helper);
		const what = resumed.length > 0 ? `; running again: ${resumed.join(', ')}` : '';
		return [`A run before this one was cut off and left helper containers behind, which were removed${what}`];
	} catch (error) {
		return [`What a run before this one left behind could not be undone: ${errorMessage(error)}`];
	}
}
