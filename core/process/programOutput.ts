import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectForDirectReads } from '../blocks';
import { scratchPrefixes } from '../files/scratchNames';

/** Two ends of one connection: what a program writes to one is received from the other. */
export interface ProgramOutput {
	/** To be given to the program as its standard output. */
	writer: Socket;
	/** Ours; nobody reads it yet. */
	reader: Socket;
}

/**
 * Makes a connection for a program's output, in place of the pipe that child_process would make: such a pipe is read
 * into a new buffer of 64 KB each time, and collecting a gigabyte of these took as long as compressing what was in
 * them.
 */
export async function openProgramOutput(): Promise<ProgramOutput> {
	// Nobody else can connect: the directory is ours alone.
	const directory = await mkdtemp(join(tmpdir(), scratchPrefixes.program));
	const path = join(directory, 'output');
	const server = createServer({ pauseOnConnect: true });
	try {
		server.listen(path);
		await once(server, 'listening');
		const accepted = once(server, 'connection') as Promise<[Socket]>;
		const reader = connectForDirectReads({ path }).pause();
		const [[writer]] = await Promise.all([accepted, once(reader, 'connect')]);
		return { reader, writer };
	} finally {
		server.close();
		await rm(directory, { recursive: true, force: true });
	}
}
