import type { IExecuteFunctions } from 'n8n-workflow';
import type { OnProgress, Progress } from '../../core/artifact';
import { formatBytes } from '../../core/units';

/** How often the log is told, and how often the browser while a workflow is run by hand. */
const loggedEveryMs = 30_000;
const shownEveryMs = 1000;

/** Reports progress to n8n’s log every 30 seconds, and to the editor while the workflow is run by hand. */
export function progressReporter(context: IExecuteFunctions): OnProgress {
	const isTimeToLog = atMostEvery(loggedEveryMs);
	const isTimeToShow = atMostEvery(shownEveryMs);
	const isWatched = context.getMode() === 'manual';
	return (progress) => {
		if (isWatched && isTimeToShow()) context.sendMessageToUI(describeProgress(progress));
		if (isTimeToLog()) logInfo(context, describeProgress(progress));
	};
}

/** A line in n8n’s log. At its usual level that shows nothing but the text, so the text says which node it is of. */
export function logInfo(context: IExecuteFunctions, line: string): void {
	const { name } = context.getNode();
	context.logger.info(`${name}: ${line}`, { node: name });
}

/** `Dumping n8n, 40.0 MB of 120.0 MB, 33 %`; `about` where the total is what the last backup had. */
export function describeProgress({ step, rawBytes, totalBytes, isEstimate = false }: Progress): string {
	const done = formatBytes(rawBytes);
	if (!totalBytes) return `${step}, ${done}`;
	// A guess may be exceeded; what goes on is not at its end.
	const percent = Math.floor(Math.min(rawBytes / totalBytes, isEstimate ? 0.99 : 1) * 100);
	return isEstimate
		? `${step}, ${done}, about ${percent} %`
		: `${step}, ${done} of ${formatBytes(totalBytes)}, ${percent} %`;
}

/** Tells whether it is time again; the first time after one interval. */
function atMostEvery(intervalMs: number): () => boolean {
	let next = performance.now() + intervalMs;
	return () => {
		const now = performance.now();
		if (now < next) return false;
		next = now + intervalMs;
		return true;
	};
}
