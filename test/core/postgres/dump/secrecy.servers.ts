import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, requestFor } from '../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
});
afterAll(async () => {
	await server.stop();
});

/** Dumps in a process of its own, and prints how long the dump was. */
const script = `
const { builtInDump } = require(process.argv[1]);
const [connection, request] = JSON.parse(process.env.JOB);
builtInDump(connection, request)(new AbortController().signal).then(async ({ stream, finished }) => {
	let bytes = 0;
	stream.on('data', (chunk) => (bytes += chunk.length));
	await finished;
	console.log('dumped', bytes);
});`;

test('the password is not among what Node prints of its threads when it is debugged', async () => {
	const { stdout, stderr } = await promisify(execFile)(
		process.execPath,
		['-e', script, join(process.cwd(), 'dist/core/postgres/dump/builtIn/builtInDump.js')],
		{
			env: {
				PATH: process.env.PATH,
				NODE_DEBUG: 'worker,stream,net',
				JOB: JSON.stringify([connectionTo(server), requestFor('postgres')]),
			},
			maxBuffer: 1024 ** 3,
		},
	);
	expect(stdout).toMatch(/dumped \d+/);
	expect(stderr).toMatch(/WORKER \d+: .*pgDumpWorker/);
	expect(stderr).not.toContain(server.password);
});
