/**
 * The first process of an engine's namespaces (composeEngine.ts starts it). Its network has no way out; what is asked
 * of the world there is answered by a socket of the test: names by the DNS server here, all at one address. What the
 * engine publishes on this network's loopback is reached through sockets in turn.
 *
 * Its standard input is its life: when the test is gone, however it ended, this ends, and with the first process of a
 * PID namespace the kernel ends all others: dockerd, containerd, shims and containers.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';

const { address, hosts, tls: credentials, outside, published, daemon } = JSON.parse(process.argv[2]);

process.stdin.resume();
process.stdin.once('end', () => engine.kill('SIGTERM'));

// What lies there is this machine's: its engine's socket, locks, network namespaces.
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);

const join = (from, to) => {
	for (const socket of [from, to]) socket.on('error', () => (from.destroy(), to.destroy()));
	from.pipe(to).pipe(from);
};
const toOutside = (socket) => join(socket, net.connect(outside));
tls.createServer(credentials, toOutside).listen(443, address);
net.createServer(toOutside).listen(80, address);
for (const [port, path] of Object.entries(published))
	net.createServer((socket) => join(socket, net.connect(port, '127.0.0.1'))).listen(path);

/** Answers A of the hosts that there are; there are no others (RFC 1035). */
const dns = createSocket('udp4', (query, { port, address: from }) => {
	const labels = [];
	let at = 12;
	for (; query[at] !== 0; at += query[at] + 1)
		labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
	const question = query.subarray(12, at + 5);
	const known = hosts.includes(labels.join('.').toLowerCase());
	const isA = query.readUInt16BE(at + 1) === 1;
	const header = Buffer.alloc(12);
	query.copy(header, 0, 0, 2);
	header.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
	header.writeUInt16BE(1, 4);
	header.writeUInt16BE(known && isA ? 1 : 0, 6);
	const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]);
	dns.send(Buffer.concat([header, question, ...(known && isA ? [answer] : [])]), port, from);
});
dns.bind(53, address);

const engine = spawn(daemon[0], [...daemon.slice(1), `--dns=${address}`], {
	stdio: ['ignore', 'ignore', 'inherit'],
});
engine.once('exit', (code) => process.exit(code ?? 1));
