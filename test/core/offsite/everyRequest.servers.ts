import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import {
	copyBackups,
	type CopyOutcome,
	type Destination,
	readRemoteCatalog,
	verifyCopy,
} from '../../../core/offsite';
import { startHttpProxy } from '../../../lab/servers/httpProxy';
import { writeBackup } from '../../support/writeBackup';
import { makeDirectory, patience, type TestServer, testServers } from './support/testServers';

jest.setTimeout(600_000);

const timeZone = 'utc';
const component = 'postgres' as const;

type Answer = (answer: ServerResponse) => void;

const refuse =
	(status: number, body = ''): Answer =>
	(answer) =>
		answer.writeHead(status, { 'content-type': 'application/xml' }).end(body);
const hangUp: Answer = (answer) => answer.destroy();

/** What becomes of a request, and whether the server hears of it. */
const faults: Array<[what: string, fault: { isDone: boolean; answer: Answer }]> = [
	['is refused by 403', { isDone: false, answer: refuse(403) }],
	['is not done, and answered with success', { isDone: false, answer: refuse(200) }],
	['is done, and answered with 500', { isDone: true, answer: refuse(500) }],
	['is done, and never answered', { isDone: true, answer: hangUp }],
];

describe.each(['OpenStack Swift’s S3', 'Apache’s WebDAV'])('A copy to %s', (kind) => {
	let server: TestServer;
	let local: Awaited<ReturnType<typeof makeDirectory>>;
	beforeAll(async () => {
		server = await testServers[kind]!();
		local = await makeDirectory();
		// Of hexadecimal digits gzip leaves more than half: S3 takes it in two parts.
		const content = randomBytes(5_300_000).toString('hex');
		await writeBackup(local.path, { stamp: '20250101_020000', content });
	}, 240_000);
	afterAll(async () => {
		await server.stop();
		await local.remove();
	});

	const copyTo = async (destination: Destination) =>
		await copyBackups({ root: local.path, timeZone, destination, components: [component] }, patience());

	/** Copies while one request, and each like it, has a fault. */
	async function copyWithout(
		due: number,
		{ isDone, answer: give }: { isDone: boolean; answer: Answer },
		place: string,
	): Promise<{ outcomes: CopyOutcome[] | undefined; error?: unknown; struck: string | undefined }> {
		let calls = 0;
		let struck: string | undefined;
		const isStruck = (call: string) => (++calls === due ? (struck = call) === call : call === struck);
		const proxy = await startHttpProxy(server.port, async (incoming, answer) => {
			// Names of partial files and ids of uploads are others each time.
			if (!isStruck(`${incoming.method} ${incoming.url}`)) return false;
			if (isDone) await done(server.port, incoming);
			else incoming.resume();
			give(answer);
			return true;
		});
		try {
			await using destination = await server.open({ port: proxy.port, place, idleWithinMs: 5000 });
			const outcomes = await copyTo(destination);
			return { outcomes, struck };
		} catch (error) {
			return { outcomes: undefined, error, struck };
		} finally {
			await proxy.stop();
		}
	}

	it.each(faults)(
		'says what is there, and is caught up by the next, when any of its requests %s',
		async (what, fault) => {
			for (let due = 1, isOver = false; !isOver; due++) {
				const place = `${faults.findIndex(([one]) => one === what)}-${due}`;
				await server.makePlace(place);
				const { outcomes, error, struck } = await copyWithout(due, fault, place);
				isOver = struck === undefined;
				if (isOver) expect(due).toBeGreaterThan(8);

				const at = `${due}: ${struck}`;
				for (const reason of [error, ...(outcomes ?? []).map((one) => one.error)]) {
					if (reason !== undefined) expect([at, reason]).toMatchObject([at, { name: 'BackupError' }]);
				}
				await using direct = await server.open({ place });
				const there = new Map<string, string>();
				for (const entry of await readRemoteCatalog({ destination: direct, timeZone }, patience())) {
					const { result } = await verifyCopy({ destination: direct, entry }, patience());
					expect([at, entry.name, result]).not.toContain('failed');
					there.set(entry.name, result);
				}
				for (const { entry, outcome } of outcomes ?? []) {
					if (outcome !== 'failed') expect([at, entry.name, there.get(entry.name)]).toContain('passed');
				}
				const next = await copyTo(direct);
				expect([at, ...next.map((one) => one.error)]).toEqual([at, undefined]);
			}
		},
	);
});

/** Passes a request on, and waits until the server has done it. */
async function done(port: number, incoming: IncomingMessage): Promise<void> {
	const { method, url, headers } = incoming;
	await new Promise<void>((resolve) => {
		const outgoing = request(
			{ host: '127.0.0.1', port, agent: false, method, path: url, headers },
			(answered) => {
				answered.resume().once('close', resolve);
			},
		);
		outgoing.once('error', () => resolve());
		incoming.pipe(outgoing);
	});
}
