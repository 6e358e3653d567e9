import { createHash } from 'node:crypto';
import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import type { TarCensus } from '../../../../core/artifact/manifest';
import { copyFile } from '../../../../core/volume/copyFile';
import { restoreArchive, type RestoreArchiveOptions } from '../../../../core/volume/restoreArchive';
import { eventually } from '../../../../lab/eventually';
import { locksInDirectory } from '../../../support/fileLocks';
import { expectClaimed, holdHeartbeats } from '../../../support/heartbeats';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { endProcessesAfterEach, kill, startUntilLine } from '../sqlite/support/processes';
import { makeTar } from '../support/makeTar';

jest.setTimeout(60_000);

endProcessesAfterEach();
afterEach(() => jest.useRealTimers());
const scratch = temporaryDirectory();

/** Blocks this thread, so that it can hear nothing from others. */
function sleep(ms: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function restore(archive: Buffer, more: Partial<RestoreArchiveOptions> = {}) {
	writeFileSync(scratch.path('archive'), archive);
	const options = { artifactPath: scratch.path('archive'), destination: scratch.path('out'), ...more };
	return await restoreArchive(options, new AbortController().signal);
}

test('a cancel that comes when the archive is whole changes nothing: the thread asks before it moves anything', async () => {
	const names = Array.from({ length: 3000 }, (_, i) => `file-${String(i).padStart(4, '0')}`);
	mkdirSync(scratch.path('out'));
	for (const name of names) writeFileSync(scratch.path('out', name), 'old');
	const members = names.map((name) => ({ name, content: 'new' }));
	// The large one comes first: with it, progress is heard of before the rest is extracted.
	const archive = makeTar({ name: 'large', content: Buffer.alloc(17 * 1024 * 1024) }, ...members);
	writeFileSync(scratch.path('archive'), archive);

	const cancel = new AbortController();
	const restoring = restoreArchive(
		{ artifactPath: scratch.path('archive'), destination: scratch.path('out'), overwrite: true },
		cancel.signal,
		() => {
			// Until the first file is in its place; a thread that waits for us never gets there.
			for (let i = 0; i < 300 && !existsSync(scratch.path('out', 'large')); i++) sleep(10);
			cancel.abort();
		},
	);
	await expect(restoring).rejects.toThrow('The run was cancelled before it was finished.');
	const contents = names.map((name) => readFileSync(scratch.path('out', name), 'utf8'));
	expect(contents.filter((content) => content === 'new')).toEqual([]);
	expect(readdirSync(scratch.path('out'))).toEqual(names);
});

test.each([
	['more entries', { entries: 2, bytes: 1_000_000_000 }],
	['more bytes', { entries: 1000, bytes: 1_000_000 }],
])('an archive with %s than its manifest says is refused on the way', async (_, bounds) => {
	const members = Array.from({ length: 100 }, (__, i) => ({
		name: `file-${i}`,
		content: Buffer.alloc(100_000),
	}));
	const archive = gzipSync(makeTar(...members));
	const census = { ...bounds, kind: 'tar', skipped: 0, changed: [], vanished: [], sqlite: [] } as TarCensus;
	const expected = { sha256: createHash('sha256').update(archive).digest('hex'), census };
	await expect(restore(archive, { expected })).rejects.toThrow(
		'archive holds more than its manifest describes. Verify it and use another backup; nothing was restored.',
	);
	expect(existsSync(scratch.path('out'))).toBe(false);
});

const leftOver = '.restore-0b9d0a3c-0000-4000-8000-000000000000.partial';

test('what a restore that was killed left is in nobody’s way, and goes when nobody has touched it for minutes', async () => {
	mkdirSync(scratch.path('out', leftOver), { recursive: true });
	writeFileSync(scratch.path('out', leftOver, 'half'), 'x');
	const archive = makeTar({ name: 'file', content: 'new' });
	const { warnings } = await restore(archive);
	expect(warnings).toEqual([
		expect.stringContaining(`${leftOver} is from another restore into this directory`),
	]);
	expect(readdirSync(scratch.path('out'))).toEqual([leftOver, 'file']);

	const longAgo = Date.now() / 1000 - 600;
	utimesSync(scratch.path('out', leftOver), longAgo, longAgo);
	expect((await restore(archive, { overwrite: true })).warnings).toEqual([]);
	expect(readdirSync(scratch.path('out'))).toEqual(['file']);
});

/** Takes a lease for writing, tells, and keeps it whatever the kernel asks: who opens the file has to wait. */
const holdLease = `
	open(F, '+<', $ARGV[0]) or die;
	$SIG{IO} = 'IGNORE';
	$| = 1;
	fcntl(F, 1024, 1) or die $!;
	print "held\\n";
	sleep 60;`;

test('what a restore that goes on has extracted is not taken for what another one left, however long it takes', async () => {
	writeFileSync(scratch.path('archive'), makeTar({ name: 'file', content: 'new' }));
	const holder = await startUntilLine('perl', '-e', holdLease, scratch.path('archive'));
	holdHeartbeats();
	const options = {
		artifactPath: scratch.path('archive'),
		compression: 'none',
		destination: scratch.path('out'),
	};
	const restoring = restoreArchive(options as RestoreArchiveOptions, new AbortController().signal);
	await eventually(() => expect(readdirSync(scratch.path('out'))).toHaveLength(1));
	const longAgo = Date.now() / 1000 - 3600;
	for (const name of readdirSync(scratch.path('out')))
		utimesSync(scratch.path('out', name), longAgo, longAgo);
	await expectClaimed(scratch.path('out'));
	await kill(holder);
	await restoring;
	expect(readdirSync(scratch.path('out'))).toEqual(['file']);
});

test('a restore that was killed while it put things in place says how to do it again', async () => {
	mkdirSync(scratch.path('out', leftOver), { recursive: true });
	writeFileSync(scratch.path('out', 'moved already'), 'x');
	await expect(restore(makeTar({ name: 'file' }))).rejects.toThrow(
		/out is not empty: it holds moved already\. A restore into it was ended half way: allow overwriting to do it again/,
	);
});

test('a database that this process has open is not replaced: it would go on with the old one', async () => {
	mkdirSync(scratch.path('out'));
	const database = new DatabaseSync(scratch.path('out', 'database.sqlite'));
	try {
		database.exec('PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)');
		const before = readdirSync(scratch.path('out'));
		const content = readFileSync(scratch.path('out', 'database.sqlite'));
		const archive = makeTar({ name: 'a', content: 'new' }, { name: 'database.sqlite', content });
		await expect(restore(archive, { overwrite: true })).rejects.toThrow(
			/out\/database\.sqlite is the database that this very n8n runs on\. Stop n8n and restore it by the command line/,
		);
		expect(readdirSync(scratch.path('out'))).toEqual(before);
	} finally {
		database.close();
	}
});

test.each([
	['database.sqlite', 'database.sqlite'],
	['under any name', 'n8n-data'],
	['by a link', 'link'],
	['with the locks that lie beside it', 'n8n-data-shm'],
])('a database that this process has open is not copied as a single file either: %s', async (_how, name) => {
	mkdirSync(scratch.path('out'));
	const path = scratch.path('out', name);
	const named = scratch.path('out', name.startsWith('database') ? name : 'n8n-data');
	const database = new DatabaseSync(named);
	try {
		database.exec('PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)');
		if (name === 'link') symlinkSync('n8n-data', path);
		const before = locksInDirectory(scratch.path('out'));
		expect(before).not.toEqual([]);
		await expect(copyFile({ path })(new AbortController().signal)).rejects.toThrow(
			`${path} is a database that this very n8n has open. Archive the directory that it is in`,
		);
		expect(locksInDirectory(scratch.path('out'))).toEqual(before);
	} finally {
		database.close();
	}
});

test('another file that this process has open is copied', async () => {
	writeFileSync(scratch.path('.env'), 'N8N_ENCRYPTION_KEY=x\n');
	const descriptor = openSync(scratch.path('.env'), 'r');
	try {
		const source = await copyFile({ path: scratch.path('.env') })(new AbortController().signal);
		source.stream.resume();
		expect(await source.finished).toMatchObject({ encryptionKey: 'found' });
	} finally {
		closeSync(descriptor);
	}
});
