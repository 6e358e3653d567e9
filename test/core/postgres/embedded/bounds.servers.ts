import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { drill } from '../../../../core/postgres/drill/drill';
import { childrenOf } from '../../../../lab/servers/processChildren';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { never } from '../support/dumps';

jest.setTimeout(900_000);

const directory = temporaryDirectory();
const megabyte = 1024 * 1024;

beforeEach(async () => {
	await mkdir(directory.path('tmp'));
	jest.spyOn(os, 'tmpdir').mockReturnValue(directory.path('tmp'));
});
afterEach(() => jest.restoreAllMocks());

interface Watched {
	/** The most memory that the drill's process had, in bytes: Linux's own account of it. */
	peakBytes: number;
	/** The part of the time that this process, which stands for n8n's, was busy. */
	busyShare: number;
	restored: string | undefined;
}

/** Drills a dump, which must pass, and looks at the process that does it. */
async function drillWatched(artifactPath: string): Promise<Watched> {
	const before = await childrenOf(process.pid);
	let peakBytes = 0;
	// Often: a short drill's peak comes right before its end.
	const watch = setInterval(() => {
		void childrenOf(process.pid)
			.then((children) => children.filter((pid) => !before.includes(pid)))
			.then((children) => Promise.all(children.map(peakOf)))
			.then((peaks) => (peakBytes = Math.max(peakBytes, ...peaks)));
	}, 20);
	const start = performance.eventLoopUtilization();
	const report = await drill({ root: directory.path(), timeZone: 'UTC', artifactPath }, never);
	const { utilization } = performance.eventLoopUtilization(start);
	clearInterval(watch);

	expect(report.obstacle?.message).toBeUndefined();
	expect(report.result).toBe('passed');
	const restored = report.checks.find(({ check }) => check === 'restore')?.detail;
	return { peakBytes, busyShare: utilization, restored };
}

async function peakOf(pid: number): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
	return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** A backup without a manifest, of whatever size: its SQL is made while it is written. */
async function dumpOf(sql: Iterable<string>): Promise<string> {
	await mkdir(directory.path('postgres'), { recursive: true });
	const path = directory.path('postgres', 'n8n_20261123_020000.sql.gz');
	const frame = (function* () {
		yield `--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n`;
		yield* sql;
		yield '\n--\n-- PostgreSQL database dump complete\n--\n\n';
	})();
	await pipeline(Readable.from(frame), createGzip({ level: 1 }), createWriteStream(path));
	return path;
}

/** Executions as n8n keeps them, with the indexes that are built at the end. */
function* executions(bytes: number): Iterable<string> {
	yield 'CREATE TABLE public.execution_data ("executionId" integer NOT NULL, data text, at timestamptz);\n';
	yield 'COPY public.execution_data ("executionId", data, at) FROM stdin;\n';
	const data = '[{"startData":"1","resultData":"2"},{"nodes":"3"},"n8n"]'.repeat(40);
	const row = (id: number) => `${id}\t${id}${data}\t2026-11-23 02:00:00+00\n`;
	const rows = Math.round(bytes / row(100_000).length);
	for (let id = 1; id <= rows; id += 100) {
		yield Array.from({ length: Math.min(100, rows - id + 1) }, (_, at) => row(id + at)).join('');
	}
	yield '\\.\n';
	yield 'ALTER TABLE ONLY public.execution_data ADD CONSTRAINT execution_data_pkey PRIMARY KEY ("executionId");\n';
	yield 'CREATE INDEX execution_data_md5 ON public.execution_data USING btree (md5(data), at);\n';
}

test('a drill inside n8n takes some 200 MB however much it restores, all of it in another process', async () => {
	const small = await drillWatched(await dumpOf(executions(10 * megabyte)));
	const large = await drillWatched(await dumpOf(executions(200 * megabyte)));

	for (const { peakBytes } of [small, large]) {
		expect(peakBytes).toBeGreaterThan(100 * megabyte);
		expect(peakBytes).toBeLessThan(300 * megabyte);
	}
	expect(large.peakBytes).toBeLessThan(small.peakBytes + 60 * megabyte);
	// Were the work done here, it would be near 1.
	expect(large.busyShare).toBeLessThan(0.5);
});

test('a drill inside n8n takes ten thousand tables, within the same memory', async () => {
	const tables = Array.from({ length: 10_000 }, (_, number) => `public.table_${number}`);
	const { peakBytes, restored } = await drillWatched(
		await dumpOf([
			...tables.map((table) => `CREATE TABLE ${table} (id integer NOT NULL, name text);\n`),
			...tables.map((table) => `COPY ${table} (id, name) FROM stdin;\n1\tone\n2\ttwo\n\\.\n`),
			...tables.map((table) => `ALTER TABLE ONLY ${table} ADD PRIMARY KEY (id);\n`),
		]),
	);

	expect(restored).toMatch(/with rows of 10000 tables were restored/);
	expect(peakBytes).toBeLessThan(300 * megabyte);
});
