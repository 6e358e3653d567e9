import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { RdbMaster } from '../../../../core/redis/restore/rdbMaster';

const rdb = Buffer.from('REDIS0009 and everything else');
const live: Array<{ close(): void }> = [];
afterEach(() => live.splice(0).forEach((resource) => resource.close()));

async function listen(openRdb = () => Readable.from([rdb.subarray(0, 9), rdb.subarray(9)])) {
	const master = await RdbMaster.listen({ host: '127.0.0.1', port: 0, openRdb, bytes: rdb.length });
	live.push(master);
	return master;
}

/** A replica that says what it is told to, and what it has heard. */
async function replicaOf({ port }: RdbMaster) {
	const socket: Socket = connect(port, '127.0.0.1');
	live.push({ close: () => socket.destroy() });
	let heard = '';
	socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
	socket.on('error', () => {});
	await once(socket, 'connect');
	const hears = async (expected: RegExp) => {
		while (!expected.test(heard)) await once(socket, 'data');
		return heard;
	};
	return { socket, hears };
}

describe('A master for one replica', () => {
	it('talks to replicas of Redis 6.2 and later', async () => {
		const { socket, hears } = await replicaOf(await listen());
		socket.write('*1\r\n$4\r\nPING\r\n');
		await hears(/^\+PONG\r\n$/);
		socket.write(
			'*3\r\n$4\r\nAUTH\r\n$1\r\na\r\n$1\r\nb\r\n*3\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n',
		);
		await hears(/^\+PONG\r\n\+OK\r\n\+OK\r\n$/);
		socket.write('*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n');
		await hears(/\+FULLRESYNC [0-9a-f]{40} 0\r\n\$29\r\nREDIS0009 and everything else$/);
	});

	it('talks to replicas from before, which send lines', async () => {
		const { socket, hears } = await replicaOf(await listen());
		socket.write('PING\r\nREPLCONF listening-port 6379\r\nPSYNC ? -1\r\n');
		await hears(/^\+PONG\r\n\+OK\r\n\+FULLRESYNC [0-9a-f]{40} 0\r\n\$29\r\nREDIS0009 and everything else$/);
	});

	it('knows the first form of asking', async () => {
		const { socket, hears } = await replicaOf(await listen());
		socket.write('SYNC\r\n');
		await hears(/^\$29\r\nREDIS0009 and everything else$/);
	});

	it('gives the data once: who asks again has failed to load it', async () => {
		const master = await listen();
		const first = await replicaOf(master);
		first.socket.write('SYNC\r\n');
		await first.hears(/else$/);
		const second = await replicaOf(master);
		second.socket.write('SYNC\r\n');
		await once(second.socket, 'close');
		expect(master.failure?.message).toContain('The server asked for the data a second time');
	});

	it('notices a replica that leaves', async () => {
		const master = await listen();
		const { socket, hears } = await replicaOf(master);
		socket.write('SYNC\r\n');
		await hears(/else$/);
		socket.destroy();
		while (!master.failure) await new Promise((resolve) => setImmediate(resolve));
		expect(master.failure.message).toContain(
			'The server ended the connection before it had loaded the data.',
		);
	});

	it('says what to do about a replica that insists on TLS', async () => {
		const master = await listen();
		const { socket } = await replicaOf(master);
		socket.write(Buffer.from([0x16, 3, 1, 2, 0]));
		while (!master.failure) await new Promise((resolve) => setImmediate(resolve));
		expect(master.failure.message).toContain('insists on TLS for replication (tls-replication).');
	});

	it.each([
		['short', rdb.subarray(1)],
		['long', Buffer.concat([rdb, rdb])],
	])('never finishes data that turns out too %s', async (_, bytes) => {
		const master = await listen(() => Readable.from([bytes]));
		const { socket } = await replicaOf(master);
		socket.write('SYNC\r\n');
		await once(socket, 'close');
		expect(master.failure?.message).toContain('The RDB changed while it was being restored.');
	});

	it('cannot listen at an address that is not its own', async () => {
		const elsewhere = { host: '192.0.2.1', port: 0, openRdb: () => Readable.from([rdb]), bytes: rdb.length };
		await expect(RdbMaster.listen(elsewhere)).rejects.toThrow(/^n8n could not listen on 192\.0\.2\.1:0: /);
	});
});
