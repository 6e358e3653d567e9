import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { makeTar } from '../support/makeTar';
import { rawHeader } from '../../../../lab/rawTar.ts';

jest.setTimeout(120_000);

const scratch = temporaryDirectory();
const megabyte = 1024 * 1024;

interface Outcome {
	entries?: number;
	code?: string;
	message?: string;
	/** MB */
	peak: number;
}

function restore(archive: string, destination: string, ...limit: string[]): Outcome {
	const args = [join(__dirname, 'support', 'restorePeak.cjs'), archive, destination, ...limit];
	return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Outcome;
}

/** What a process needs that restores next to nothing. */
async function usualPeak(): Promise<number> {
	writeFileSync(scratch.path('small'), gzipSync(makeTar({ name: 'file', content: 'x' })));
	return restore(scratch.path('small'), scratch.path('small-out')).peak;
}

/** A gzip member of a megabyte of zeros, many times over: a thousandth of what it unpacks to. */
function writeGzipBomb(path: string, megabytes: number): void {
	const zeros = gzipSync(Buffer.alloc(megabyte), { level: 9 });
	const file = openSync(path, 'w');
	// Each file has less than the limit, all of them have more.
	const size = `${(8 * megabyte).toString(8).padStart(11, '0')}\0`;
	for (let i = 0; i < megabytes / 8; i++) {
		writeSync(file, gzipSync(rawHeader({ name: `file-${i}`, size })));
		for (let j = 0; j < 8; j++) writeSync(file, zeros);
	}
	closeSync(file);
}

/** Nothing but headers of empty files; their names repeat, which no limit needs to wait for. */
function writeEntriesBomb(path: string, entries: number): void {
	const names = 10_000;
	const headers = Array.from({ length: names }, (_, i) => rawHeader({ name: `file-${i}` }));
	const member = gzipSync(Buffer.concat(headers));
	const end = gzipSync(Buffer.alloc(1024));
	writeFileSync(path, Buffer.concat([...Array.from({ length: entries / names }, () => member), end]));
}

test('a few megabytes that unpack to gigabytes stop at the limit, in the memory of any restore, and nothing is left', async () => {
	writeGzipBomb(scratch.path('bomb'), 2048);
	const { peak, ...outcome } = restore(scratch.path('bomb'), scratch.path('out'), '30');

	expect(outcome).toEqual({
		code: 'unsupported',
		message: `${scratch.path('bomb')} unpacks to more than the limit of 30 MB. Raise the limit if you know where this archive comes from; nothing was restored.`,
	});
	expect(readdirSync(scratch.path())).not.toContain('out');
	expect(peak).toBeLessThan((await usualPeak()) + 64);
});

test('a million empty files stop at the limit: each counts with its header', async () => {
	writeEntriesBomb(scratch.path('bomb'), 1_000_000);
	const { peak, ...outcome } = restore(scratch.path('bomb'), scratch.path('out'), '4');

	expect(outcome).toMatchObject({ code: 'unsupported' });
	expect(readdirSync(scratch.path())).not.toContain('out');
	expect(peak).toBeLessThan((await usualPeak()) + 64);
});

test('what stays below the limit is restored', async () => {
	writeFileSync(scratch.path('archive'), makeTar({ name: 'file', content: Buffer.alloc(900_000) }));
	expect(restore(scratch.path('archive'), scratch.path('out'), '1')).toMatchObject({ entries: 1 });
});
