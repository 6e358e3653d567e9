import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { copyBackups, openDestination } from '../../../core/offsite';
import { type DisturbingProxy, startProxy } from '../../../lab/servers/disturbingProxy';
import { type OpenPlaceServer, placeServers } from '../../../lab/servers/offsitePlaces';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';
import { patience } from './support/testServers';

/** Over plain HTTP a bit that is another one arrives with the right size. */
describe('A copy that is read back, over a network that changes a bit', () => {
	const directory = temporaryDirectory();
	let server: OpenPlaceServer;
	let proxy: DisturbingProxy;
	beforeAll(async () => {
		server = await placeServers.webdav();
		proxy = await startProxy(server.port);
	}, 60_000);
	afterAll(async () => {
		await proxy.stop();
		await server.stop();
	});

	it.each([
		['artifact', '', (sent: Buffer) => sent.subarray(1000, 1020)],
		['manifest', '.manifest.json', () => Buffer.from('"schemaVersion"')],
	])('takes back what arrived as another %s, and the next copy brings it', async (what, ending, part) => {
		const root = directory.path('backups');
		await mkdir(root);
		const content = randomBytes(3000).toString('hex');
		const sent = await readFile(await writeBackup(root, { stamp: '20250101_020000', content }));
		const copy = async (port: number) => {
			await using destination = await openDestination(server.optionsFor({ port, place: what }), patience());
			const request = { destination, root, timeZone: 'utc', readBack: true };
			return (await copyBackups(request, patience())).flatMap(({ error }) => error ?? []);
		};
		await server.makePlace(what);
		proxy.disturb({ kind: 'corrupt', afterBytes: 0, holding: part(sent) });
		const name = 'n8n_20250101_020000.sql.gz';
		expect(await copy(proxy.port)).toEqual([
			expect.objectContaining({
				code: 'incomplete',
				message: `webdav://127.0.0.1:${proxy.port}/${what}/postgres/${name}${ending} did not arrive as it was sent. It was removed there; run it again.`,
			}),
		]);
		expect(proxy.hasDisturbed).toBe(true);
		expect([...(await server.filesIn(what, 'postgres')).keys()]).toEqual(ending === '' ? [] : [name]);

		expect(await copy(server.port)).toEqual([]);
		const there = await server.filesIn(what, 'postgres');
		expect(there.get(name)).toEqual(sent);
		expect(JSON.parse(there.get(`${name}.manifest.json`)!.toString())).toMatchObject({ artifact: name });
	});
});
