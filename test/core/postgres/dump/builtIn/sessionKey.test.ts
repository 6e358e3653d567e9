import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { SessionKeyReader } from '../../../../../core/postgres/dump/builtIn/sessionKey';

function message(type: string, body: Buffer): Buffer {
	const header = Buffer.alloc(5);
	header.write(type);
	header.writeInt32BE(4 + body.length, 1);
	return Buffer.concat([header, body]);
}

const key = Buffer.from('0000002a0badcafe', 'hex');
const logIn = Buffer.concat([
	message('R', Buffer.alloc(4)),
	message('S', Buffer.from('server_version\x0018.4\0')),
	message('K', key),
	message('Z', Buffer.from('I')),
	message('D', Buffer.from('a row that begins like K\0\0\0\x0c')),
]);

async function readBy(bytesPerChunk: number): Promise<{ key?: Buffer; passed: Buffer }> {
	const chunks = Array.from({ length: Math.ceil(logIn.length / bytesPerChunk) }, (_, index) =>
		logIn.subarray(index * bytesPerChunk, (index + 1) * bytesPerChunk),
	);
	const reader = new SessionKeyReader();
	const passed = await buffer(Readable.from(chunks).pipe(reader));
	return { key: reader.key, passed };
}

test.each([1, 7, 1000])('the key is found and every byte passes, in chunks of %d bytes', async (size) => {
	expect(await readBy(size)).toEqual({ key, passed: logIn });
});

test('there is none before the log-in', () => {
	const reader = new SessionKeyReader();
	reader.write(message('R', Buffer.alloc(4)));
	expect(reader.key).toBeUndefined();
});
