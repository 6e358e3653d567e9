import { Command, CommanderError } from 'commander';
import { packageVersion } from '../core/version';
import type { AddCommand, CommandTools, RunAction } from './command';
import { addAccept } from './commands/accept';
import { addCopy } from './commands/copy';
import { addCreate } from './commands/create';
import { addDoctor } from './commands/doctor';
import { addDrill } from './commands/drill';
import { addFetch } from './commands/fetch';
import { addKeygen } from './commands/keygen';
import { addList } from './commands/list';
import { addPrune } from './commands/prune';
import { addQuery } from './commands/query';
import { addMetrics, addReport } from './commands/report';
import { addRelease } from './commands/releaseRedis';
import { addRestore } from './commands/restore';
import { addVerify } from './commands/verify';
import { type ExitCode, exitCodeOf, exitCodes } from './exitCodes';
import { addGlobalOptions, assertTimeZone, type GlobalOptions } from './options/global';
import { Output } from './output/output';
import type { Terminal } from './terminal';

const commands: AddCommand[] = [
	...[addCreate, addList, addVerify, addDrill, addRestore, addRelease, addPrune, addAccept],
	...[addCopy, addFetch, addKeygen, addDoctor],
	...[addQuery, addReport, addMetrics],
];

const description = `Makes, lists, verifies, queries, restores and prunes the backups of n8n-nodes-backup; n8n need not be running.

Passwords are taken from the environment (PGPASSWORD, REDISCLI_AUTH), from --password-file, or asked for.`;

const exitCodeHelp = `
Exit codes:
  0    done
  1    it could not be done; the message says why
  2    the command line makes no sense
  3    damaged: a backup, or what was restored of it, is not what was backed up
  130  cancelled (143 by SIGTERM)`;

/**
 * Runs one command line to its end.
 *
 * @param args without the interpreter and the script
 * @param signal cancels what is being done; reports then say so
 * @returns the exit code; never throws
 */
export async function runCli(args: string[], terminal: Terminal, signal: AbortSignal): Promise<ExitCode> {
	let exitCode: ExitCode = exitCodes.ok;
	const program = createProgram(terminal, async (command, work) => {
		exitCode = await perform(command, work, terminal, signal);
	});
	try {
		await program.parseAsync(args, { from: 'user' });
		return exitCode;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
		throw error;
	}
}

function createProgram(terminal: Terminal, run: RunAction): Command {
	const program = new Command('n8n-backup')
		.description(description)
		.version(packageVersion, '-V, --version')
		.configureHelp({ showGlobalOptions: true })
		.configureOutput({
			writeOut: (text) => terminal.stdout.write(text),
			writeErr: (text) => terminal.stderr.write(text),
		})
		.exitOverride()
		.addHelpText('after', exitCodeHelp);
	addGlobalOptions(program, terminal.env);
	for (const add of commands) add(program, run);
	return program;
}

/** Does a command's work; what it throws is shown as what happened and what to do, without a stack. */
async function perform(
	command: Command,
	work: (tools: CommandTools) => Promise<ExitCode>,
	terminal: Terminal,
	signal: AbortSignal,
): Promise<ExitCode> {
	const globals = command.optsWithGlobals<GlobalOptions>();
	const output = new Output(terminal, globals);
	try {
		assertTimeZone(globals);
		return await work({ terminal, signal, output, globals });
	} catch (error) {
		output.fail(error);
		return exitCodeOf(error);
	} finally {
		output.close();
	}
}
