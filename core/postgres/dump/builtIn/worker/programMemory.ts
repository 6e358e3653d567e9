const pageBytes = 64 * 1024;

/** What the program asks for at least, as its build has it. */
const initialPages = 1024;
const mostPages = 32768;

const zeros = Buffer.alloc(pageBytes);

/**
 * The memory of one pg_dump after the other in the same thread. With a new one each time the collector would have to run
 * for every dump. Between two of them it is all zero, as a new one is: a password was in it.
 */
export class ProgramMemory {
	#unused: WebAssembly.Memory | undefined;

	take(): WebAssembly.Memory {
		const memory = this.#unused;
		this.#unused = undefined;
		return memory ?? new WebAssembly.Memory({ initial: initialPages, maximum: mostPages });
	}

	/** To be called when the program has ended. Memory that has grown is not kept: it cannot become smaller. */
	giveBack(memory: WebAssembly.Memory): void {
		const { buffer } = memory;
		if (buffer.byteLength > initialPages * pageBytes) return;
		for (let at = 0; at < buffer.byteLength; at += pageBytes) {
			const page = Buffer.from(buffer, at, pageBytes);
			// Writing makes pages real that were never touched; looking does not.
			if (!page.equals(zeros)) page.fill(0);
		}
		this.#unused = memory;
	}
}
