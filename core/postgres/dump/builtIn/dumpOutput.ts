import { BlockStream } from '../../../blocks';

/** The worker's output as a stream, which frees whatever produces the bytes when it is over. */
export class DumpOutput extends BlockStream {
	readonly #stop: () => void;

	/** @param stop called once, at the end or before */
	constructor(stop: () => void) {
		super();
		this.#stop = stop;
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#stop();
		super._destroy(error, callback);
	}
}
