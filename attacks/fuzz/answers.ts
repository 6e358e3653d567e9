import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { RdbTransfer, RespParser } from '../harness/package.ts';
import { Seen } from './seen.ts';
import type { Target } from './target.ts';

export const resp: Target = {
	name: 'resp',
	words: [
		'+',
		'-',
		':',
		'$',
		'*',
		'\r\n',
		'*1\r\n',
		'*-1\r\n',
		'$-1\r\n',
		'$0\r\n\r\n',
		':9999999999999999999\r\n',
		'*1000000000\r\n',
	],
	async read(pieces) {
		const parser = new RespParser();
		const seen = new Seen();
		try {
			for (const piece of pieces) {
				parser.push(Buffer.from(piece));
				for (let reply = parser.next(); reply !== undefined; reply = parser.next())
					seen.note(JSON.stringify(reply));
			}
			seen.note('rest', parser.takeRest());
		} catch (error) {
			// The client makes it the error of the connection.
			if (!(error instanceof Error) || error.name !== 'ProtocolError') throw error;
			seen.note(error.name);
		}
		return await Promise.resolve(seen.digest());
	},
};

export const psync: Target = {
	name: 'psync',
	words: [
		'\n',
		'\r\n',
		'$',
		'$EOF:',
		'$0\r\n',
		'$99999999999999999999999\r\n',
		'-ERR x\r\n',
		'-LOADING\r\n',
		'm'.repeat(39),
	],
	async read(pieces) {
		const socket = new Duplex({
			allowHalfOpen: false,
			read() {},
			write: (_chunk, _encoding, done) => done(),
		});
		const transfer = new RdbTransfer(
			socket as unknown as Socket,
			{ host: 'redis', port: 6379 },
			{ idleTimeoutMs: 10_000 },
		);
		const seen = new Seen();
		const reading = (async () => {
			for await (const chunk of transfer as AsyncIterable<Buffer>) seen.more(chunk);
		})();
		for (const piece of pieces) {
			if (socket.destroyed) break;
			socket.push(Buffer.from(piece));
		}
		if (!socket.destroyed) socket.push(null);
		try {
			await reading;
		} catch (error) {
			seen.fault(error);
		}
		return seen.digest();
	},
};
