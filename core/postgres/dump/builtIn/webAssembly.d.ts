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

	class Instance {
		constructor(program: Module, imports: Imports);
		readonly exports: Record<string, unknown>;
	}

	function compile(bytes: Uint8Array): Promise<Module>;
}
