import { ProtocolError, RespParser } from '../protocol/resp';

/** Far more than any command of a replica has. */
const longestLine = 64 * 1024;
const arrayMark = '*'.charCodeAt(0);

/** The commands that a replica sends to its master before it gets data: arrays since Redis 6.2, lines before. */
export class ReplicaCommands {
	readonly #parser = new RespParser();
	#line = '';
	#plain: boolean | undefined;

	/** The commands that are whole with this chunk, each a row of words. Throws where it is neither form. */
	push(chunk: Buffer): string[][] {
		this.#plain ??= chunk[0] !== arrayMark;
		return this.#plain ? this.#lines(chunk) : this.#arrays(chunk);
	}

	#lines(chunk: Buffer): string[][] {
		const lines = (this.#line + chunk.toString('latin1')).split('\n');
		this.#line = lines.pop() ?? '';
		if (this.#line.length > longestLine) throw new ProtocolError(chunk.subarray(0, 32));
		return lines.map((line) => line.trim().split(/\s+/)).filter(([name]) => name !== '');
	}

	#arrays(chunk: Buffer): string[][] {
		const commands: string[][] = [];
		this.#parser.push(chunk);
		for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
			if (Array.isArray(reply)) commands.push(reply.map(String));
		}
		return commands;
	}
}
