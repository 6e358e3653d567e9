import { BackupError } from '../../errors';

/** Ends a request in which nothing goes on, by its signal. */
export class IdleWatch implements Disposable {
	readonly #controller = new AbortController();
	readonly #server: string;
	#limitMs: number;
	#timer: NodeJS.Timeout | undefined;
	#isOver = false;
	/** Why it was ended; undefined while it was not. */
	error: BackupError | undefined;

	constructor(limitMs: number, server: string) {
		this.#limitMs = limitMs;
		this.#server = server;
		this.restart();
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	/** Something has gone on; waits again, from here on for another time if one is given. Nothing once the request is over. */
	restart(limitMs = this.#limitMs): void {
		if (this.#isOver) return;
		clearTimeout(this.#timer);
		this.#limitMs = limitMs;
		this.#timer = setTimeout(() => {
			this.error = new BackupError(
				'unreachable',
				`${this.#server} took nothing for ${limitMs / 1000} seconds`,
				{
					advice: 'Check the network between n8n and that server, then run it again',
				},
			);
			this.#controller.abort(this.error);
		}, limitMs);
	}

	[Symbol.dispose](): void {
		this.#isOver = true;
		clearTimeout(this.#timer);
	}
}
