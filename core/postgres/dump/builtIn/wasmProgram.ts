import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

let program: Promise<WebAssembly.Module> | undefined;

/**
 * pg_dump.wasm, compiled. All dumps of this process share it, also across threads: compiling takes longer than
 * dumping a small database, and what V8 has optimised in one dump serves the next.
 */
export function pgDumpProgram(): Promise<WebAssembly.Module> {
	// The build takes the file out of the pinned npm package (gulp/pgDump.js).
	program ??= readFile(join(__dirname, 'wasm', 'pg_dump.wasm')).then((bytes) => WebAssembly.compile(bytes));
	// A failure is not kept: the file may be there next time.
	program.catch(() => (program = undefined));
	return program;
}
