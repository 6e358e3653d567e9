import type { MessagePort } from 'node:worker_threads';
import type { SourceFacts } from './source';
import type { StoreInput } from './storeMessages';

/** What the main thread sends to the storing thread, in order. */
export class InputQueue {
	/** What the source says of itself; it comes some time after the last block. */
	readonly facts: Promise<SourceFacts>;
	readonly #release: () => void;
	readonly #waiting: Buffer[] = [];
	#hasEnded = false;
	#wake: (() => void) | undefined;

	/** @param release called for each block that is used up, in their order */
	constructor(port: MessagePort, release: () => void) {
		this.#release = release;
		this.facts = new Promise((resolve) => {
			port.on('message', (input: StoreInput) => {
				if (input.kind === 'facts') resolve(input.facts);
				else this.#take(input);
			});
		});
	}

	/** Each block is valid until the next one is asked for. */
	async *blocks(): AsyncGenerator<Buffer, void> {
		for (;;) {
			const block = this.#waiting.shift();
			if (block) {
				yield block;
				this.#release();
			} else if (this.#hasEnded) {
				return;
			} else {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
			}
		}
	}

	#take(input: Exclude<StoreInput, { kind: 'facts' }>): void {
		if (input.kind === 'end') this.#hasEnded = true;
		else this.#waiting.push(Buffer.from(input.memory, input.offset, input.length));
		this.#wake?.();
	}
}
