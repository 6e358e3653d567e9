import { randomBytes } from 'node:crypto';
import { copyBackups, readRemoteCatalog, verifyCopy } from '../../../core/offsite';
import { type Busyness, startBusyProxy } from '../../../lab/servers/busyProxy';
import { writeBackup } from '../../support/writeBackup';
import { makeDirectory, patience, type TestServer, testServers } from './support/testServers';

jest.setTimeout(240_000);

const timeZone = 'utc';
/** Of hexadecimal digits, of which gzip leaves a little more than half. */
const noiseBytes = 12_000_000;
const parts = 2;

let local: Awaited<ReturnType<typeof makeDirectory>>;
let server: TestServer;
beforeAll(async () => {
	server = await testServers['OpenStack Swift’s S3']!();
	local = await makeDirectory();
	await writeBackup(local.path, { stamp: '20250101_020000' });
	const content = randomBytes(noiseBytes / 2).toString('hex');
	await writeBackup(local.path, { stamp: '20250102_020000', content });
}, 240_000);
afterAll(async () => {
	await server.stop();
	await local.remove();
});

/** Copies two backups through a proxy, the larger one in parts. */
async function copyThrough(busyness: Busyness, place: string) {
	await server.makePlace(place);
	const proxy = await startBusyProxy(server.port, busyness);
	try {
		await using destination = await server.open({ port: proxy.port, place });
		const request = { root: local.path, timeZone, destination };
		const outcomes = await copyBackups(request, patience()).catch((error: unknown) => [
			{ outcome: 'not begun', error },
		]);
		return { outcomes, refused: proxy.refused };
	} finally {
		await proxy.stop();
	}
}

describe('A copy to an S3 server that is busy', () => {
	it.each<[answer: string, busyness: Busyness]>([
		['503 once', { status: 503, times: 1 }],
		['503 twice', { status: 503, times: 2 }],
		['500 once', { status: 500, times: 1 }],
		['429 once', { status: 429, times: 1 }],
		['503 once and hangs up', { status: 503, times: 1, isCurt: true }],
	])('gets through when it answers each request with %s', async (answer, busyness) => {
		const place = answer.replaceAll(' ', '-');
		const { outcomes, refused } = await copyThrough(busyness, place);
		expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined]);
		expect(refused.filter((call) => call.includes('partNumber='))).toHaveLength(parts * busyness.times);
		for (const call of ['uploads', 'list-type=2', 'uploadId=', 'HEAD '])
			expect(refused.some((one) => one.includes(call))).toBe(true);

		await using destination = await server.open({ place });
		const entries = await readRemoteCatalog({ destination, timeZone }, patience());
		const verified = await Promise.all(
			entries.map(async (entry) => (await verifyCopy({ destination, entry }, patience())).result),
		);
		expect(verified).toEqual(['passed', 'passed']);
	});

	it('says so when it does not stop', async () => {
		const { outcomes } = await copyThrough({ status: 503, times: Infinity }, 'always');
		const [{ error } = {}] = outcomes;
		expect(error).toMatchObject({ code: 'server' });
		expect((error as Error).message).toBe(
			's3://backups/a prefix/üalways cannot take it now: it is busy, being serviced or full. ' +
				'Run it again later; if that does not help, look into that server’s log.',
		);
	});
});
