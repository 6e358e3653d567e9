import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { RdbTransfer } from '../../../../core/redis/protocol/rdbTransfer';

const connection = { host: 'redis', port: 6379 };
const payload = 'REDIS0010 and the rest of it, more than forty bytes long';
const mark = 'm'.repeat(39) + '!';
/** It begins like the mark, again and again. */
const misleading = 'm'.repeat(100);

const live: Array<{ close(): void }> = [];
afterEach(() => live.splice(0).forEach((resource) => resource.close()));

/** A transfer fed by a server that sends these pieces one by one and, if told so, hangs up. */
async function transferOf(pieces: string[], { hangUp = false, idleTimeoutMs = 5_000 } = {}) {
	const send = async (socket: Socket) => {
		socket.on('error', () => {});
		socket.setNoDelay(true);
		for (const piece of pieces) {
			socket.write(piece, 'latin1');
			// Lets it reach the other side as a chunk of its own.
			await new Promise((resolve) => setImmediate(resolve));
		}
		if (hangUp) socket.end();
	};
	const server = createServer((socket) => void send(socket)).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
	await once(socket, 'connect');
	socket.pause();
	live.push({
		close() {
			socket.destroy();
			server.close();
		},
	});
	return new RdbTransfer(socket, connection, { idleTimeoutMs });
}

const cuts = (whole: string) =>
	Array.from({ length: whole.length + 1 }, (_, at) => [whole.slice(0, at), whole.slice(at)]);

describe('An RDB announced by its length', () => {
	const whole = `\n\n\n$${payload.length}\r\n${payload}`;

	it('is taken out of its frame wherever the network cuts', async () => {
		for (const pieces of cuts(whole)) expect(await text(await transferOf(pieces))).toBe(payload);
	});

	it('ends where its length says, whatever follows', async () => {
		expect(await text(await transferOf([`${whole}*1\r\n$4\r\nPING\r\n`]))).toBe(payload);
	});

	it('that ends early is an error that says how far it came', async () => {
		const transfer = await transferOf([whole.slice(0, -6)], { hangUp: true });
		await expect(text(transfer)).rejects.toThrow(
			`Redis at redis:6379 broke off after ${payload.length - 6} bytes of its RDB. ` +
				'Look into that server’s log for the reason, then run it again.',
		);
	});
});

describe('An RDB with a mark behind it', () => {
	const whole = `\n$EOF:${mark}\r\n${payload}${misleading}${mark}`;

	it('is taken out of its frame wherever the network cuts', async () => {
		for (const pieces of cuts(whole)) expect(await text(await transferOf(pieces))).toBe(payload + misleading);
	});

	it('that ends without its mark is an error', async () => {
		const transfer = await transferOf([whole.slice(0, -1)], { hangUp: true });
		await expect(text(transfer)).rejects.toThrow('Redis at redis:6379 broke off after');
	});
});

describe('Asking for an RDB', () => {
	it('fails with what the server answers instead', async () => {
		const transfer = await transferOf(['\n-NOMASTERLINK Can’t SYNC while not connected with my master\r\n']);
		await expect(transfer.ready).rejects.toThrow(
			'Redis at redis:6379 is a replica that has lost its master.',
		);
	});

	it('fails when something else answers', async () => {
		const transfer = await transferOf(['+OK\r\n']);
		await expect(transfer.ready).rejects.toThrow('Redis at redis:6379 answered SYNC with something else.');
	});

	it('reads nothing of what a server sends behind its refusal', async () => {
		const socket = new Duplex({
			allowHalfOpen: false,
			read() {},
			write: (_chunk, _encoding, done) => done(),
		});
		const transfer = new RdbTransfer(socket as unknown as Socket, connection, { idleTimeoutMs: 5_000 });
		// Destroyed, it hands out all the same what it holds.
		for (const piece of ['-ERR no\r\n', ...Array<string>(20_000).fill('more of it\r\n')]) socket.push(piece);
		const concatenated = jest.spyOn(Buffer, 'concat');
		try {
			await expect(transfer.ready).rejects.toThrow('does not offer SYNC: ERR no');
			await new Promise((resolve) => setImmediate(resolve));
			expect(concatenated.mock.calls.length).toBeLessThan(10);
		} finally {
			concatenated.mockRestore();
		}
	});

	it('fails when the server falls silent', async () => {
		const transfer = await transferOf(['\n\n'], { idleTimeoutMs: 50 });
		await expect(transfer.ready).rejects.toThrow('Redis at redis:6379 did not answer in time.');
	});

	it('fails when the server falls silent half way', async () => {
		const transfer = await transferOf(['$100\r\nREDIS'], { idleTimeoutMs: 50 });
		await expect(text(transfer)).rejects.toThrow(
			'Redis at redis:6379 has been silent for 0.05 seconds after 5 bytes of its RDB. Check the network between n8n and ' +
				'that server, and its log, then run it again.',
		);
	});
});
