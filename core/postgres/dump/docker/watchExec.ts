import { BackupError } from '../../../errors';
import type { Container, DockerClient, RunningExec } from '../../../docker';
import { defaultIdleTimeoutMs } from '../../connect/connection';
import { activityQuestion, readActivity } from '../../connect/sessionActivity';
import { type SessionActivity, watchForSilence } from '../../connect/silence';
import type { ContainerLogin } from './containerProgram';
import { askContainerForLines, containerPlace } from './containerServer';

/** How long the question may take, in milliseconds. */
const askTimeoutMs = 15_000;

interface WatchedSession {
	client: DockerClient;
	target: { container: Container; login: ContainerLogin; database: string };
	applicationName: string;
	idleTimeoutMs: number | undefined;
}

/** The stream comes through the engine, and the server is asked through it: silent are the two together. */
export function watchExec(
	{ stdout, exited }: RunningExec,
	{ client, target, applicationName, idleTimeoutMs = defaultIdleTimeoutMs }: WatchedSession,
): void {
	let received = 0;
	stdout.on('data', (chunk: Buffer) => (received += chunk.length));
	const stop = watchForSilence(
		{ ...containerPlace(target.container), idleTimeoutMs },
		{
			progress: () => received,
			// What is there already waits for its reader.
			awaitsServer: () => stdout.readableLength === 0,
			ask: async () => await askInTime(client, target, { applicationName, idleTimeoutMs }),
			giveUp: (error) => void stdout.destroy(error),
		},
	);
	stdout.once('close', stop);
	void exited.then(stop, stop);
}

/** @throws BackupError `unreachable` when there is no answer in time */
async function askInTime(
	client: DockerClient,
	target: WatchedSession['target'],
	{ applicationName, idleTimeoutMs }: { applicationName: string; idleTimeoutMs: number },
): Promise<SessionActivity> {
	const signal = AbortSignal.timeout(askTimeoutMs);
	try {
		const question = activityQuestion({ applicationName });
		return readActivity(await askContainerForLines(client, target, question, signal), idleTimeoutMs);
	} catch (error) {
		const isLost = signal.aborted || (error instanceof BackupError && error.code === 'unreachable');
		// A server that refuses is there, but cannot be asked.
		if (!isLost) return 'unknown';
		throw error;
	}
}
