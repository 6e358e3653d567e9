import { Readable } from 'node:stream';
import { PasswordOnlySasl } from '../../../../../core/postgres/dump/builtIn/saslFilter';

function message(type: string, ...parts: Buffer[]): Buffer {
	const body = Buffer.concat(parts);
	const header = Buffer.alloc(5);
	header.write(type, 0, 'latin1');
	header.writeInt32BE(4 + body.length, 1);
	return Buffer.concat([header, body]);
}

const word = (value: number) => Buffer.of(0, 0, 0, value);
const offer = (...mechanisms: string[]) =>
	message('R', word(10), Buffer.from(mechanisms.map((mechanism) => `${mechanism}\0`).join('') + '\0'));

async function filter(...chunks: Buffer[]): Promise<Buffer> {
	const parts: Buffer[] = [];
	for await (const part of Readable.from(chunks).pipe(new PasswordOnlySasl())) parts.push(part as Buffer);
	return Buffer.concat(parts);
}

const both = offer('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256');
const passwordOnly = offer('SCRAM-SHA-256');

test('the mechanism that binds to TLS is taken out of the offer', async () => {
	expect(await filter(both)).toEqual(passwordOnly);
});

test('an offer without it passes as it is', async () => {
	expect(await filter(passwordOnly)).toEqual(passwordOnly);
});

test('it makes no difference where the offer is cut, nor what follows', async () => {
	const more = message('Z', Buffer.from('I'));
	const all = Buffer.concat([both, more]);
	for (let cut = 1; cut < all.length; cut++) {
		expect(await filter(all.subarray(0, cut), all.subarray(cut))).toEqual(
			Buffer.concat([passwordOnly, more]),
		);
	}
});

test('later bytes that look like an offer pass as they are', async () => {
	const ok = message('R', word(0));
	expect(await filter(ok, both)).toEqual(Buffer.concat([ok, both]));
});

test('an error in place of an offer passes as it is', async () => {
	const error = message('E', Buffer.from('SFATAL\0C53300\0Mtoo many connections\0\0'));
	expect(await filter(error)).toEqual(error);
});

test('a connection that is closed at once yields nothing', async () => {
	expect(await filter()).toEqual(Buffer.alloc(0));
});
