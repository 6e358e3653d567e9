import type { FilledBlock, SharedBlocks } from '../../../../blocks';
import type { SharedRing } from './sharedRing';

/** What the worker is given. */
export interface PgDumpJob {
	/** pg_dump.wasm, compiled. */
	program: WebAssembly.Module;
	/** pg_dump's options. */
	args: string[];
	/** libpq's variables (PGUSER, PGPASSWORD, …). They are pg_dump's whole environment. */
	environment: Record<string, string>;
	/** What the server sends. */
	input: SharedRing;
	/** For what pg_dump writes. */
	output: SharedBlocks;
}

/** What the worker posts, in order. */
export type PgDumpMessage =
	/** For the server. */
	| { kind: 'send'; bytes: Uint8Array }
	/** Some of the dump. */
	| { kind: 'output'; filled: FilledBlock }
	/** The last message. */
	| { kind: 'exit'; exit: PgDumpExit };

export interface PgDumpExit {
	/** Undefined when the program did not come to its end. */
	exitCode?: number;
	/** What it wrote to its standard error. */
	messages: string;
	/** Whether it wanted more memory than WebAssembly has. */
	isMemoryFull?: boolean;
	/** How the WebAssembly itself failed, if it did. */
	crash?: string;
}
