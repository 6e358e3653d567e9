/**
 * The little of WebAssembly's own interface that is used here. Its types belong to the DOM library, which would
 * bring a browser's globals into every file.
 */
declare namespace WebAssembly {
	/** A compiled program; threads can share it. */
	interface Module {
		readonly [Symbol.toStringTag]: 'WebAssembly.Module';
	}

	type Imports = Record<string, Record<string, unknown>>;

	/** Sizes are in pages of 64 KB. */
	class Memory {
		constructor(size: { initial: number; maximum: number });
		/** Another one whenever it has grown. */
		readonly buffer: ArrayBuffer;
		grow(pages: number): number;
	}

	class Instance {
		constructor(program: Module, imports: Imports);
		readonly exports: Record<string, unknown>;
	}

	function compile(bytes: Uint8Array): Promise<Module>;
}
