import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type DisturbingProxy, startProxy } from '../../../lab/servers/disturbingProxy';
import { type Destination, openDestination } from '../../../core/offsite';
import { contentFrom, contentOf, contentOfOnes } from './support/contents';
import { createRandom, patience, type TestServer, testServers } from './support/testServers';

const signal = patience;

const name = 'postgres/n8n_20250101_020000.sql.gz';
const read = async (destination: Destination, from: string) => {
	const pieces: Buffer[] = [];
	for await (const piece of destination.get(from, signal())) pieces.push(piece);
	return Buffer.concat(pieces);
};

describe.each(Object.keys(testServers))('%s as a destination', (kind) => {
	let server: TestServer;
	let proxy: DisturbingProxy;
	let destination: Destination;
	const random = createRandom();

	beforeAll(async () => {
		server = await testServers[kind]!();
		proxy = await startProxy(server.port);
		destination = await server.open();
	}, 240_000);
	afterAll(async () => {
		await destination[Symbol.asyncDispose]();
		await proxy.stop();
		await server.stop();
	});
	afterEach(async () => {
		for (const component of ['postgres', 'env'] as const) {
			for (const file of await destination.list(component, signal()))
				await destination.delete(file.name, signal());
		}
	});

	it.each([0, 1, 100_000, 5 * 1024 * 1024, 5 * 1024 * 1024 + 1, 12_345_678])(
		'gives back %d bytes as they were put',
		async (size) => {
			const bytes = randomBytes(size);
			await destination.put(name, contentOf(bytes), signal());
			expect(await destination.head(name, signal())).toEqual({ name, bytes: size });
			expect(await destination.list('postgres', signal())).toEqual([{ name, bytes: size }]);
			expect((await read(destination, name)).equals(bytes)).toBe(true);
			expect(await destination.delete(name, signal())).toBe('deleted');
			expect(await destination.head(name, signal())).toBeUndefined();
		},
	);

	it.each(['Привет', 'a b', 'ü', '100%', "it's", '+plus', 'q?x=1&y', 'a#b', '(x)!*', '~', '雪', 'a:b;c'])(
		'keeps a file of a prefix such as %s',
		async (prefix) => {
			const odd = `env/${prefix}_20250101_020000.backup`;
			await destination.put(odd, contentOf(Buffer.from(prefix)), signal());
			expect(await destination.list('env', signal())).toEqual([
				{ name: odd, bytes: Buffer.byteLength(prefix) },
			]);
			expect((await read(destination, odd)).toString()).toBe(prefix);
		},
	);

	it('overwrites nothing', async () => {
		await destination.put(name, contentOf(Buffer.from('first')), signal());
		await expect(destination.put(name, contentOf(Buffer.from('second')), signal())).rejects.toMatchObject({
			code: 'exists',
		});
		expect((await read(destination, name)).toString()).toBe('first');
	});

	it.each([50_000, 7_000_000])(
		'has nothing under a name whose %d bytes failed before their end',
		async (size) => {
			const failing = contentFrom(size, async function* () {
				yield await Promise.resolve(Buffer.alloc(size - 1));
				throw new RangeError('not what it should be');
			});
			await expect(destination.put(name, failing, signal())).rejects.toThrow();
			expect(await destination.head(name, signal())).toBeUndefined();
			expect(await destination.list('postgres', signal())).toEqual([]);
		},
	);

	it('says of a name that is not there that it is not', async () => {
		await expect(read(destination, name)).rejects.toMatchObject({ code: 'not-found' });
		expect(await destination.list('redis', signal())).toEqual([]);
	});

	it('is complete or absent after a connection that was cut at a random point', async () => {
		const bytes = randomBytes(6_000_000);
		const hash = createHash('sha256').update(bytes).digest('hex');
		let failed = 0;
		for (let run = 0; run < 10; run++) {
			proxy.disturb(undefined);
			const through = await server.open({ port: proxy.port });
			proxy.disturb({ kind: 'cut', afterBytes: Math.floor(random() * 6_500_000) });
			const put = await through.put(name, contentOf(bytes), signal()).then(
				() => undefined,
				(error: unknown) => error,
			);
			await through[Symbol.asyncDispose]();
			if (put !== undefined) {
				failed++;
				expect(put).toMatchObject({
					name: 'BackupError',
					code: expect.stringMatching(/unreachable|server|incomplete/),
				});
			}
			const there = await destination.head(name, signal());
			if (put === undefined) expect(there).toBeDefined();
			if (there) {
				expect(
					createHash('sha256')
						.update(await read(destination, name))
						.digest('hex'),
				).toBe(hash);
				await destination.delete(name, signal());
			}
		}
		expect(failed).toBeGreaterThan(0);
	}, 240_000);

	it('never gives out a cut file as a whole one', async () => {
		const bytes = randomBytes(3_000_000);
		await destination.put(name, contentOf(bytes), signal());
		for (let run = 0; run < 8; run++) {
			proxy.disturb(undefined);
			const through = await server.open({ port: proxy.port });
			proxy.disturb({ kind: 'cut', afterBytes: Math.floor(random() * 3_000_000) });
			const got = await read(through, name).catch((error: unknown) => error);
			await through[Symbol.asyncDispose]();
			if (Buffer.isBuffer(got)) expect(got.equals(bytes)).toBe(true);
			else expect(got).toMatchObject({ name: 'BackupError' });
		}
	}, 240_000);

	it('ends at once when it is cancelled while nothing goes on, and nothing is there', async () => {
		proxy.disturb(undefined);
		const through = await server.open({ port: proxy.port });
		proxy.disturb({ kind: 'stall', afterBytes: 1_000_000 });
		const cancellation = new AbortController();
		const put = through.put(name, contentOf(randomBytes(8_000_000)), cancellation.signal);
		setTimeout(() => cancellation.abort(), 1000);
		await expect(put).rejects.toMatchObject({ code: 'cancelled' });
		await through[Symbol.asyncDispose]();
		expect(await destination.head(name, signal())).toBeUndefined();
	}, 240_000);

	it('takes large files in constant memory', async () => {
		const bytes = 200 * 1024 * 1024;
		const large = contentOfOnes(bytes);
		global.gc?.();
		const before = process.memoryUsage();
		let peak = 0;
		const watch = setInterval(() => {
			const { external, heapUsed } = process.memoryUsage();
			peak = Math.max(peak, external + heapUsed - before.external - before.heapUsed);
		}, 20);
		try {
			await destination.put(name, large, signal());
		} finally {
			clearInterval(watch);
		}
		expect(await destination.head(name, signal())).toEqual({ name, bytes });
		expect(peak).toBeLessThan(100 * 1024 * 1024);
	}, 180_000);
});

describe('An address where nobody answers', () => {
	it('is told from a server that refuses', async () => {
		const { createServer } = await import('node:net');
		const nobody = createServer().listen(0, '127.0.0.1');
		await once(nobody, 'listening');
		const { port } = nobody.address() as { port: number };
		nobody.close();
		await using destination = await openDestination(
			{
				...{ kind: 's3', bucket: 'b', prefix: '', region: 'us-east-1', forcePathStyle: true },
				...{ accessKeyId: 'KEYID', secretAccessKey: 'topsecret', endpoint: `http://127.0.0.1:${port}` },
			},
			signal(),
		);
		// Within Jest the SDK does not know a socket's error as one, and wraps it in words of its own.
		await expect(destination.list('postgres', signal())).rejects.toMatchObject({ code: 'unreachable' });
	});
});
