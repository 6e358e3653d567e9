import { BackupError } from '../errors';
import type { Container, ContainerState } from './containers';

interface Obstacle {
	is: string;
	advice: (name: string) => string;
}

const neverRuns: Obstacle = {
	is: 'is being removed or could not be',
	advice: () => 'Recreate it with docker compose up -d, then run this again',
};

const obstacles: Record<Exclude<ContainerState, 'running'>, Obstacle> = {
	created: {
		is: 'has never been started',
		advice: (name) => `Start it with docker start ${name}, then run this again`,
	},
	exited: {
		is: 'is stopped',
		advice: (name) => `Start it with docker start ${name}, then run this again`,
	},
	paused: {
		is: 'is paused',
		advice: (name) => `Resume it with docker unpause ${name}, then run this again`,
	},
	restarting: {
		is: 'is restarting again and again',
		advice: (name) => `Find out why in docker logs ${name}, then run this again`,
	},
	removing: neverRuns,
	dead: neverRuns,
};

/** Commands run only in a running container.
 *
 * @throws BackupError `unsupported`, with its own words for each state
 */
export function assertRunning({ name, state }: Container): void {
	if (state === 'running') return;
	const { is, advice } = obstacles[state] ?? { is: `is in the state “${state}”`, advice: neverRuns.advice };
	throw new BackupError('unsupported', `The container ${name} ${is}, so no command can be run in it`, {
		advice: advice(name),
	});
}
