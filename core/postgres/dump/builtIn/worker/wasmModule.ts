import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageDevice } from './messageDevice';

/** The part of emscripten's file system that is used here. */
export interface EmscriptenFs {
	makedev(major: number, minor: number): number;
	registerDevice(device: number, operations: DeviceOperations): void;
	mkdev(path: string, mode: number, device: number): void;
}

interface DeviceOperations {
	open(stream: { seekable: boolean }): void;
	close(): void;
	write(stream: unknown, buffer: Int8Array, offset: number, length: number): number;
}

/** pg_dump's module as emscripten makes it; only what is used here. */
export interface PgDumpModule {
	/** The program's memory. It is another array whenever that has grown. */
	HEAPU8: Uint8Array;
	ENV: Record<string, string>;
	FS: EmscriptenFs;
	/** @param signature `iii`: an integer from two integers */
	addFunction(callback: (pointer: number, length: number) => number, signature: string): number;
	/** Sets what libpq calls in place of recv and send. */
	_pgl_set_rw_cbs(receive: number, send: number): void;
	callMain(args: string[]): unknown;
	onRuntimeInitialized?: () => void;
}

export interface ModuleOptions {
	/** pg_dump.wasm, compiled. */
	program: WebAssembly.Module;
	/** All zero. */
	memory: WebAssembly.Memory;
	/** Runs before the program's memory is set up. */
	prepare: (module: PgDumpModule) => void;
	/** Runs when memory and file system are there. */
	connect: (module: PgDumpModule) => void;
	onMessage: (line: string) => void;
	/** Called when the program asks for more memory than it can have. */
	onMemoryFull: () => void;
	onExit: (code: number) => void;
}

interface Glue {
	createPgDump(options: Record<string, unknown>): Promise<PgDumpModule>;
}

type InstanceReceiver = (instance: WebAssembly.Instance, program: WebAssembly.Module) => void;

/** Instantiates pg_dump, ready for `callMain`. */
export async function createPgDump({
	program,
	memory,
	prepare,
	connect,
	onMessage,
	onMemoryFull,
	onExit,
}: ModuleOptions): Promise<PgDumpModule> {
	// The build takes it out of the pinned npm package (gulp/pgDump.js).
	const url = pathToFileURL(join(__dirname, '..', 'wasm', 'pgDump.mjs')).href;
	const glue = (await import(url)) as Glue;
	const messages = new MessageDevice(onMessage);
	return await glue.createPgDump({
		thisProgram: 'pg_dump',
		wasmMemory: memory,
		noExitRuntime: false,
		instantiateWasm: (imports: WebAssembly.Imports, receive: InstanceReceiver) => {
			reportRefusedMemory(imports, onMemoryFull);
			const instance = new WebAssembly.Instance(program, imports);
			receive(instance, program);
			return instance.exports;
		},
		print: onMessage,
		printErr: onMessage,
		// In place of printErr, which takes everything that pg_dump writes for UTF-8.
		stderr: (byte: number) => messages.write(byte),
		onExit,
		preRun: [
			prepare,
			(module: PgDumpModule) => {
				module.onRuntimeInitialized = () => connect(module);
			},
		],
	});
}

/** The program itself says only that it is out of memory, in words that a server uses as well. */
function reportRefusedMemory(imports: WebAssembly.Imports, onMemoryFull: () => void): void {
	const functions = imports.env as Record<string, (bytes: number) => boolean | number>;
	const grow = functions.emscripten_resize_heap!;
	functions.emscripten_resize_heap = (bytes) => {
		const hasGrown = grow(bytes);
		if (!hasGrown) onMemoryFull();
		return hasGrown;
	};
}
