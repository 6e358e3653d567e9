import type { IExecuteFunctions } from 'n8n-workflow';
import type { OnProgress } from '../../core/artifact';

const everyMs = 1000;
const megabyte = 1024 * 1024;

/** Reports progress to the log and, while the workflow is run by hand, to the editor; at most once a second. */
export function progressReporter(context: IExecuteFunctions): OnProgress {
	let next = Date.now() + everyMs;
	return ({ step, rawBytes, totalBytes }) => {
		const now = Date.now();
		if (now < next) return;
		next = now + everyMs;
		const done = `${(rawBytes / megabyte).toFixed(0)} MB`;
		const line = totalBytes
			? `${step}: ${done} of ${(totalBytes / megabyte).toFixed(0)} MB`
			: `${step}: ${done}`;
		context.logger.debug(line, { node: context.getNode().name });
		if (context.getMode() === 'manual') context.sendMessageToUI(line);
	};
}
