import type { Command } from 'commander';
import type { ExitCode } from './exitCodes';
import type { GlobalOptions } from './options/global';
import type { Output } from './output/output';
import type { Terminal } from './terminal';

/** What a command works with. */
export interface CommandTools {
	terminal: Terminal;
	output: Output;
	globals: GlobalOptions;
	signal: AbortSignal;
}

/** Does a command's work and keeps its exit code. */
export type RunAction = (command: Command, work: (tools: CommandTools) => Promise<ExitCode>) => Promise<void>;

/** Adds one command, with its arguments, options and action. */
export type AddCommand = (parent: Command, run: RunAction) => void;
