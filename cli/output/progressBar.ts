import { Format, type Options, type Params, SingleBar } from 'cli-progress';
import type { Progress } from '../../core/artifact';
import { printableLine } from '../../core/errors';
import { formatBytes } from '../../core/units';

/** One line at the bottom of a terminal: the step, a bar where the end is known, bytes, rate, time left. */
export class ProgressBar {
	readonly #stream: NodeJS.WritableStream;
	#bar: SingleBar | undefined;
	#step: string | undefined;

	constructor(stream: NodeJS.WritableStream) {
		this.#stream = stream;
	}

	show({ step, rawBytes, totalBytes = 0 }: Progress): void {
		if (step !== this.#step) this.#begin(step, totalBytes);
		this.#bar?.update(rawBytes);
	}

	/** Takes the line away, so that something else can be written. */
	clear(): void {
		this.#bar?.stop();
		this.#bar = undefined;
		this.#step = undefined;
	}

	#begin(step: string, totalBytes: number): void {
		this.clear();
		this.#step = step;
		this.#bar = new SingleBar({
			stream: this.#stream,
			format: (options, params) => formatLine(printableLine(step), options, params),
			barCompleteChar: '█',
			barIncompleteChar: '░',
			barsize: 24,
			clearOnComplete: true,
			// Signals are the command's business.
			gracefulExit: false,
		});
		this.#bar.start(totalBytes, 0);
	}
}

function formatLine(step: string, options: Options, { value, total, progress, startTime }: Params): string {
	const seconds = (Date.now() - startTime) / 1000;
	const perSecond = seconds > 0 ? value / seconds : 0;
	const rate = `${formatBytes(perSecond)}/s`;
	if (total === 0) return `${step}  ${formatBytes(value)}  ${rate}`;
	const bar = Format.BarFormat(progress, options);
	const left = perSecond > 0 ? `  ${formatSeconds((total - value) / perSecond)} left` : '';
	return `${step}  ${bar}  ${formatBytes(value)} of ${formatBytes(total)}  ${rate}${left}`;
}

function formatSeconds(seconds: number): string {
	const whole = Math.max(0, Math.ceil(seconds));
	if (whole < 60) return `${whole} s`;
	return whole < 3600 ? `${Math.ceil(whole / 60)} min` : `${(whole / 3600).toFixed(1)} h`;
}
