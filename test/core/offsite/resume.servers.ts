import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type Manifest, manifestPath } from '../../../core/artifact';
import { copyBackups, type CopyOutcome } from '../../../core/offsite';
import { type Disturbance, type DisturbingProxy, startProxy } from '../../../lab/servers/disturbingProxy';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';
import { patience, type TestServer, testServers } from './support/testServers';

jest.setTimeout(240_000);

const bytes = 100_000_000;
const name = 'postgres/n8n_20250101_020000.sql.gz';

/** When the line breaks, six parts of 5 MB may be under way to S3, and a megabyte to SFTP. */
const kinds: Array<[kind: string, mostSentAgain: number]> = [
	['OpenStack Swift’s S3', 0.3 * bytes + 6 * 5 * 1024 * 1024],
	['OpenSSH’s SFTP server', 0.3 * bytes + 1024 * 1024],
];

describe.each(kinds)('A copy to %s whose line broke at 70 %%', (kind, mostSentAgain) => {
	const directory = temporaryDirectory();
	let server: TestServer;
	let proxy: DisturbingProxy;

	beforeAll(async () => {
		server = await testServers[kind]!();
		proxy = await startProxy(server.port);
	}, 240_000);
	afterAll(async () => {
		await proxy.stop();
		await server.stop();
	});

	async function writeLarge(content: Buffer): Promise<void> {
		const path = await writeBackup(directory.path('backups'), { stamp: '20250101_020000' });
		const manifest = JSON.parse(await readFile(manifestPath(path), 'utf8')) as Manifest;
		const sha256 = createHash('sha256').update(content).digest('hex');
		await writeFile(path, content);
		await writeFile(manifestPath(path), JSON.stringify({ ...manifest, storedBytes: bytes, sha256 }));
	}

	async function copyDirectly(place: string): Promise<CopyOutcome> {
		await using destination = await server.open({ port: proxy.port, place });
		const root = directory.path('backups');
		const [outcome] = await copyBackups({ root, timeZone: 'utc', destination }, patience());
		return outcome!;
	}

	async function copyTo(place: string, cutAfter?: number): Promise<CopyOutcome> {
		return await copyDisturbed(
			place,
			cutAfter === undefined ? undefined : { kind: 'cut', afterBytes: cutAfter },
		);
	}

	async function copyDisturbed(place: string, disturbance?: Disturbance): Promise<CopyOutcome> {
		proxy.disturb(undefined);
		// Opened before: a login that is cut is another matter.
		await using destination = await server.open({ port: proxy.port, place });
		if (disturbance) proxy.disturb(disturbance);
		const root = directory.path('backups');
		const [outcome] = await copyBackups({ root, timeZone: 'utc', destination }, patience());
		return outcome!;
	}

	async function read(place: string): Promise<Buffer> {
		await using destination = await server.open({ place });
		const pieces: Buffer[] = [];
		for await (const piece of destination.get(name, patience())) pieces.push(piece);
		return Buffer.concat(pieces);
	}

	it('is gone on with by the next run, which sends what is missing', async () => {
		await mkdir(directory.path('backups'), { mode: 0o700 });
		const content = randomBytes(bytes);
		await writeLarge(content);
		await server.makePlace('same');
		expect(await copyTo('same', 0.7 * bytes)).toMatchObject({
			outcome: 'failed',
			error: { code: 'unreachable' },
		});
		expect(await copyTo('same')).toMatchObject({ outcome: 'copied' });
		// The rest, the manifest and what the protocol adds.
		expect(proxy.bytesSent()).toBeLessThan(1.02 * mostSentAgain);
		expect((await read('same')).equals(content)).toBe(true);
	});

	it('is whole after two runs that go on with it at once, and neither fails', async () => {
		await mkdir(directory.path('backups'), { mode: 0o700 });
		const content = randomBytes(bytes);
		await writeLarge(content);
		await server.makePlace('both');
		expect(await copyTo('both', 0.3 * bytes)).toMatchObject({ outcome: 'failed' });
		proxy.disturb(undefined);
		const both = await Promise.all([0, 1].map(async () => await copyDirectly('both')));
		expect(both.map(({ error }) => error)).toEqual([undefined, undefined]);
		expect((await read('both')).equals(content)).toBe(true);
	});

	it('is begun anew by a run that has other bytes', async () => {
		await mkdir(directory.path('backups'), { mode: 0o700 });
		const content = randomBytes(bytes);
		await writeLarge(content);
		await server.makePlace('other');
		expect(await copyTo('other', 0.7 * bytes)).toMatchObject({ outcome: 'failed' });
		content[0]! ^= 1;
		content[bytes / 2]! ^= 1;
		await writeLarge(content);
		expect(await copyTo('other')).toMatchObject({ outcome: 'copied' });
		expect((await read('other')).equals(content)).toBe(true);
	});

	// Whose connections are many, and each part is sent again by itself.
	if (kind !== 'OpenStack Swift’s S3') return;

	it.each([0.1, 0.5, 0.9])(
		'goes on in the same run when all connections break once, at %f of its bytes',
		async (share) => {
			await mkdir(directory.path('backups'), { mode: 0o700 });
			const content = randomBytes(bytes);
			await writeLarge(content);
			const place = `once-${share}`;
			await server.makePlace(place);
			expect(
				await copyDisturbed(place, { kind: 'cut', afterBytes: share * bytes, once: true }),
			).toMatchObject({
				outcome: 'copied',
			});
			expect(proxy.hasDisturbed).toBe(true);
			expect((await read(place)).equals(content)).toBe(true);
		},
	);

	it('keeps its parts for the next run when one of them never arrives, though the server answers', async () => {
		await mkdir(directory.path('backups'), { mode: 0o700 });
		const content = randomBytes(bytes);
		await writeLarge(content);
		await server.makePlace('part');
		expect(
			await copyDisturbed('part', { kind: 'cut', afterBytes: 0, holding: Buffer.from('partNumber=15&') }),
		).toMatchObject({ outcome: 'failed', error: { code: 'unreachable' } });
		expect(await copyTo('part')).toMatchObject({ outcome: 'copied' });
		expect(proxy.bytesSent()).toBeLessThan(1.02 * mostSentAgain);
		expect((await read('part')).equals(content)).toBe(true);
	});
});
