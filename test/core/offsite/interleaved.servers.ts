import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Destination } from '../../../core/offsite';
import type { Content } from '../../../core/offsite/content';
import { SftpCalls } from '../../../core/offsite/sftp/sftpCalls';
import { startHttpProxy } from '../../../lab/servers/httpProxy';
import { contentFrom, contentOf } from './support/contents';
import { patience, type TestServer, testServers } from './support/testServers';

jest.setTimeout(240_000);

/** Called before each call of the destination that is watched. */
type Interrupt = () => Promise<void>;

interface Watched {
	destination: Destination;
	stop(): Promise<void>;
}

/** How each kind lets another run come in between its calls. */
const watchers: Record<string, (server: TestServer, interrupt: Interrupt) => Promise<Watched>> = {
	'OpenStack Swift’s S3': watchHttp,
	'Apache’s WebDAV': watchHttp,
	'OpenSSH’s SFTP server': watchSftp,
};

async function watchHttp(server: TestServer, interrupt: Interrupt): Promise<Watched> {
	const proxy = await startHttpProxy(server.port, async () => {
		await interrupt();
		return false;
	});
	const destination = await server.open({ port: proxy.port, place: 'place' });
	return {
		destination,
		async stop() {
			await destination[Symbol.asyncDispose]();
			await proxy.stop();
		},
	};
}

async function watchSftp(server: TestServer, interrupt: Interrupt): Promise<Watched> {
	const calls = ['stat', 'lstat', 'list', 'makeDirectory', 'rename', 'remove'] as const;
	const callsOfFiles = ['open', 'sizeOf', 'read', 'write', 'sync', 'close'] as const;
	const spies = [...calls, ...callsOfFiles].map((name) => {
		const original = SftpCalls.prototype[name] as (this: SftpCalls, ...given: unknown[]) => Promise<unknown>;
		return jest.spyOn(SftpCalls.prototype, name as 'stat').mockImplementation(async function (
			this: SftpCalls,
			...given: unknown[]
		) {
			await interrupt();
			return (await original.apply(this, given)) as never;
		});
	});
	const destination = await server.open({ place: 'place' });
	return {
		destination,
		async stop() {
			for (const spy of spies) spy.mockRestore();
			await destination[Symbol.asyncDispose]();
		},
	};
}

describe.each(Object.keys(watchers))('A copy to %s, before each of whose calls another run comes', (kind) => {
	// Two parts for S3; for SFTP, a few calls.
	const bytes = randomBytes(kind === 'OpenSSH’s SFTP server' ? 100_000 : 5 * 1024 * 1024 + 1000);
	const sha256 = createHash('sha256').update(bytes).digest('hex');
	const good: Content = { ...contentOf(bytes), sha256 };
	const failing: Content = {
		...contentFrom(bytes.length, async function* () {
			yield await Promise.resolve(bytes.subarray(0, -1));
			throw new RangeError('It is not what it should be');
		}),
		sha256,
	};
	let server: TestServer;
	let other: Destination;
	beforeAll(async () => {
		server = await testServers[kind]!();
		await server.makePlace('place');
		other = await server.open({ place: 'place' });
	}, 240_000);
	afterAll(async () => {
		await other[Symbol.asyncDispose]();
		await server.stop();
	});

	/** Copies again and again, and lets the other come before the first call, the second, and so on. */
	async function beforeEachCall(
		comes: (name: string) => Promise<unknown>,
		check: (name: string, error: unknown) => Promise<void>,
	): Promise<void> {
		for (let due = 1, isOver = false; !isOver; due++) {
			const name = `postgres/n8n_20250101_${String(due).padStart(6, '0')}.sql.gz`;
			let calls = 0;
			let isDone = false;
			const watched = await watchers[kind]!(server, async () => {
				if (!isDone && ++calls === due) await comes(name);
			});
			try {
				const put = watched.destination.put(name, good, patience());
				const error = await put.then(
					() => undefined,
					(reason: unknown) => reason,
				);
				isDone = true;
				isOver = calls < due;
				await check(name, error);
			} finally {
				await watched.stop();
			}
			await other.delete(name, patience());
		}
	}

	const held = async (name: string) => {
		const read = await buffer(other.get(name, patience()));
		return createHash('sha256').update(read).digest('hex');
	};

	it('is there, whole, when that copies the same: it was first, or the other was', async () => {
		await beforeEachCall(
			async (name) => await other.put(name, good, patience()),
			async (name, error) => {
				if (error !== undefined) expect([name, error]).toMatchObject([name, { code: 'exists' }]);
				expect([name, await held(name)]).toEqual([name, sha256]);
			},
		);
	});

	it('is there, whole, or says that it is not, when that fails with the same', async () => {
		await beforeEachCall(
			async (name) => await other.put(name, failing, patience()).catch(() => {}),
			async (name, error) => {
				if (error === undefined) return expect([name, await held(name)]).toEqual([name, sha256]);
				expect([name, error]).toMatchObject([name, { code: 'incomplete' }]);
				expect(await other.head(name, patience())).toBeUndefined();
			},
		);
	});
});
