import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { FrameReader } from '../../../core/docker/frameReader';

function frame(type: number, text: string): Buffer {
	const payload = Buffer.from(text);
	const header = Buffer.alloc(8);
	header[0] = type;
	header.writeUInt32BE(payload.length, 4);
	return Buffer.concat([header, payload]);
}

const output = Buffer.concat([
	frame(1, 'first '),
	frame(2, 'a warning'),
	frame(1, ''),
	frame(1, 'second '),
	frame(2, ' and another'),
	frame(1, 'x'.repeat(1000)),
]);

async function read(chunks: Buffer[]): Promise<{ stdout: string; stderr: string }> {
	let stderr = '';
	const reader = new FrameReader((bytes) => (stderr += bytes.toString()));
	// Copies, because the reader moves payloads within the chunks that it was given.
	const copies = chunks.map((chunk) => Buffer.from(chunk));
	const [stdout] = await Promise.all([buffer(reader), pipeline(Readable.from(copies), reader)]);
	return { stdout: stdout.toString(), stderr };
}

const expected = { stdout: `first second ${'x'.repeat(1000)}`, stderr: 'a warning and another' };

describe('The frames of a command’s output', () => {
	it('are the same however the bytes are cut into chunks', async () => {
		for (const size of [1, 2, 3, 7, 8, 9, 64, 500, output.length]) {
			const count = Math.ceil(output.length / size);
			const chunks = Array.from({ length: count }, (_, i) => output.subarray(i * size, (i + 1) * size));
			expect(await read(chunks)).toEqual(expected);
		}
	});

	it('may be none at all', async () => {
		expect(await read([])).toEqual({ stdout: '', stderr: '' });
	});

	it('are refused when the stream ends inside one, be it header or payload', async () => {
		for (const kept of [3, 8, 10, output.length - 1]) {
			await expect(read([output.subarray(0, kept)])).rejects.toThrow(
				'The stream from the Docker Engine was cut off.',
			);
		}
	});

	it('are refused when the bytes are none, as the output of a terminal', async () => {
		await expect(read([Buffer.from('total 12\r\n-rw-r--r-- 1 root')])).rejects.toThrow(
			'The Docker Engine sent a command’s output without frames.',
		);
	});

	it('wait for a slow reader instead of piling up', async () => {
		const big = frame(1, 'y'.repeat(64 * 1024));
		let produced = 0;
		const endless = new Readable({
			read() {
				produced += big.length;
				this.push(Buffer.from(big));
			},
		});
		const reader = new FrameReader(() => {});
		const stopped = new Writable({ highWaterMark: 1, write: () => {} });
		pipeline(endless, reader, stopped).catch(() => {});
		await new Promise((resolve) => setTimeout(resolve, 200));
		expect(produced).toBeLessThan(2 * 1024 * 1024);
		endless.destroy();
	});
});
