import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import {
	assertAgeFraming,
	decryptAge,
	EncryptStream,
	type EncryptionKeys,
	openHeader,
	sealHeader,
} from '../../../core/encryption';
import { ageDecrypt, ageKeygen, ageWithPassphrase } from '../../support/age';
import { expectSameBytes } from '../../support/sameBytes';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const temporary = temporaryDirectory();

async function encrypt(plain: Buffer, keys: EncryptionKeys, pieceBytes = 100_000): Promise<Buffer> {
	const stream = new EncryptStream(await sealHeader(keys));
	return await buffer(Readable.from(pieces(plain, pieceBytes)).pipe(stream));
}

async function decrypt(file: Buffer, identity: string, pieceBytes = 70_000): Promise<Buffer> {
	const findFileKey = (header: Buffer) => openHeader(header, { identities: [identity] });
	const parts: Buffer[] = [];
	for await (const part of decryptAge(Readable.from(pieces(file, pieceBytes)), findFileKey)) parts.push(part);
	return Buffer.concat(parts);
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function ageDecrypts(file: Buffer, identity: string): Promise<Buffer> {
	await writeFile(temporary.path('file.age'), file);
	return await ageDecrypt(temporary.path('file.age'), identity);
}

const chunk = 64 * 1024;
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 1_000_000];

describe('files of ours and age’s own program', () => {
	it.each(sizes)('age -d reads %i bytes that were encrypted here', async (size) => {
		const { identity, recipient } = ageKeygen();
		const plain = randomBytes(size);

		const file = await encrypt(plain, { recipients: [recipient] });

		expectSameBytes(await ageDecrypts(file, identity), plain);
	});

	it.each(sizes)('%i bytes that age encrypted are read here', async (size) => {
		const { identity, recipient } = ageKeygen();
		const plain = randomBytes(size);
		await writeFile(temporary.path('plain'), plain);
		execFileSync('age', ['-r', recipient, '-o', temporary.path('file.age'), temporary.path('plain')]);

		const file = await readFile(temporary.path('file.age'));

		expectSameBytes(await decrypt(file, identity), plain);
	});

	it('reads pieces of every size alike', async () => {
		const { identity, recipient } = ageKeygen();
		const plain = randomBytes(3 * chunk + 5);
		const file = await encrypt(plain, { recipients: [recipient] }, 7_777);

		for (const size of [997, chunk, chunk + 16, file.length]) {
			expectSameBytes(await decrypt(file, identity, size), plain);
		}
	});

	it('each of several recipients can read it with age', async () => {
		const [one, other] = [ageKeygen(), ageKeygen()];
		const plain = Buffer.from('for both');

		const file = await encrypt(plain, { recipients: [one.recipient, other.recipient] });

		expectSameBytes(await ageDecrypts(file, one.identity), plain);
		expectSameBytes(await ageDecrypts(file, other.identity), plain);
	});

	const passphrase = 'correct horse battery staple';
	const openWith = async (file: Buffer, given: string) => {
		const findFileKey = (header: Buffer) => openHeader(header, { identities: [], passphrase: given });
		return await buffer(Readable.from(decryptAge(Readable.from([file]), findFileKey)));
	};

	it('age -d reads with a passphrase what was encrypted with it here', async () => {
		const file = await encrypt(Buffer.from('secret'), { recipients: [], passphrase });
		await writeFile(temporary.path('file.age'), file);

		ageWithPassphrase(['-d', '-o', temporary.path('plain'), temporary.path('file.age')], passphrase);

		expect(await readFile(temporary.path('plain'), 'utf8')).toBe('secret');
		await expect(openWith(file, passphrase)).resolves.toEqual(Buffer.from('secret'));
		await expect(openWith(file, 'wrong horse')).rejects.toMatchObject({ code: 'auth' });
	});

	it('what age encrypted with a passphrase is read here', async () => {
		await writeFile(temporary.path('plain'), 'secret');

		ageWithPassphrase(['-p', '-o', temporary.path('file.age'), temporary.path('plain')], passphrase);

		const file = await readFile(temporary.path('file.age'));
		await expect(openWith(file, passphrase)).resolves.toEqual(Buffer.from('secret'));
		await expect(openWith(file, 'wrong horse')).rejects.toMatchObject({ code: 'auth' });
	});

	it('a passphrase that takes its time leaves the thread free', async () => {
		const delay = monitorEventLoopDelay({ resolution: 1 });
		const { header } = await sealHeader({ recipients: [], passphrase });
		delay.enable();
		const started = performance.now();
		for (let time = 0; time < 3; time++) await openHeader(header, { identities: [], passphrase });
		const milliseconds = performance.now() - started;
		delay.disable();

		// Derived in JavaScript, each took all of its third at once.
		expect(delay.max / 1e6).toBeLessThan(milliseconds / 6);
	});

	it.each([
		['a stanza beside it', (header: string) => header.replace('\n---', '\n-> X25519 AAAA\nAAAA\n---')],
		['a work factor beyond reason', (header: string) => header.replace(/ 16\n/, ' 30\n')],
		['a work factor that is no number', (header: string) => header.replace(/ 16\n/, ' 0x10\n')],
	])('a passphrase with %s is refused as a header that was changed', async (_what, change) => {
		const { header } = await sealHeader({ recipients: [], passphrase });
		const changed = Buffer.from(change(header.toString('latin1')), 'latin1');

		expect(changed.equals(header)).toBe(false);
		await expect(openHeader(changed, { identities: [], passphrase })).rejects.toMatchObject({
			code: 'damaged',
		});
	});
});

describe('what is not as it was written', () => {
	const { identity, recipient } = ageKeygen();
	const plain = randomBytes(4 * chunk + 100);
	let file: Buffer;
	let headerBytes: number;

	beforeAll(async () => {
		file = await encrypt(plain, { recipients: [recipient] });
		headerBytes = file.indexOf('\n--- ') + 5 + 44;
	});

	it('a wrong key is told apart from damage', async () => {
		await expect(decrypt(file, ageKeygen().identity)).rejects.toMatchObject({
			code: 'auth',
			message:
				'The backup is encrypted for another key. Give the identity of one of the recipients that its manifest names, or the right passphrase.',
		});
	});

	it('a flipped bit anywhere is found', async () => {
		for (let trial = 0; trial < 300; trial++) {
			const at = trial < 100 ? trial % headerBytes : Math.floor(Math.random() * file.length);
			const flipped = Buffer.from(file);
			flipped[at]! ^= 1 << (trial % 8);
			await expect(decrypt(flipped, identity)).rejects.toMatchObject({ name: 'BackupError' });
		}
	});

	it('a cut anywhere is found, also between two chunks', async () => {
		const payload = headerBytes + 16;
		const ends = [0, 1, headerBytes, payload, payload + 16, payload + chunk + 16, payload + 4 * (chunk + 16)];
		for (const end of [...ends, file.length - 1, file.length - 116]) {
			await expect(decrypt(file.subarray(0, end), identity)).rejects.toMatchObject({
				code: expect.stringMatching(/^(?:damaged|incomplete)$/),
			});
		}
	});

	it('swapped, doubled and missing chunks are found', async () => {
		const sealed = chunk + 16;
		const start = headerBytes + 16;
		const at = (index: number) => file.subarray(start + index * sealed, start + (index + 1) * sealed);
		const arranged = (...indexes: number[]) =>
			Buffer.concat([file.subarray(0, start), ...indexes.map((index) => at(index))]);

		expectSameBytes(await decrypt(arranged(0, 1, 2, 3, 4), identity), plain);
		for (const order of [
			[1, 0, 2, 3, 4],
			[0, 0, 1, 2, 3, 4],
			[0, 2, 3, 4],
			[0, 1, 2, 3],
		]) {
			await expect(decrypt(arranged(...order), identity)).rejects.toMatchObject({ code: 'damaged' });
		}
	});

	it('anything behind the last chunk is found', async () => {
		await expect(decrypt(Buffer.concat([file, Buffer.alloc(1)]), identity)).rejects.toMatchObject({
			code: 'damaged',
		});
	});

	it('without a key the framing is still checked', async () => {
		const check = (bytes: Buffer) => assertAgeFraming(Readable.from(pieces(bytes, 50_000)));

		await expect(check(file)).resolves.toBeUndefined();
		await expect(check(file.subarray(0, headerBytes - 1))).rejects.toMatchObject({ code: 'incomplete' });
		await expect(check(file.subarray(0, headerBytes + 16 + chunk + 16 + 5))).rejects.toMatchObject({
			code: 'incomplete',
		});
		await expect(check(Buffer.from('PK\x03\x04'))).rejects.toMatchObject({ code: 'damaged' });
	});
});

describe('keys that are none', () => {
	it('a private key in the place of a public one is refused without being repeated', async () => {
		const { identity } = ageKeygen();

		const failure = sealHeader({ recipients: [identity] });

		await expect(failure).rejects.toMatchObject({
			message:
				'One of the recipients is no age recipient. Give the public key, which begins with age1, as age-keygen or n8n-backup keygen prints it.',
		});
		await expect(failure).rejects.not.toMatchObject({
			message: expect.stringContaining(identity.slice(16, 30)),
		});
	});

	it('a mistyped identity is refused without being repeated', async () => {
		const { identity, recipient } = ageKeygen();
		const file = await encrypt(Buffer.from('x'), { recipients: [recipient] });
		const mistyped = `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`;

		await expect(decrypt(file, mistyped)).rejects.toMatchObject({
			message:
				'The age identity cannot be read. Give the private key, which begins with AGE-SECRET-KEY-1, as it was printed.',
		});
	});

	it('nothing is encrypted for nobody', async () => {
		await expect(sealHeader({ recipients: [] })).rejects.toMatchObject({
			code: 'bad-parameter',
			message:
				'There is no key to encrypt with. Enter at least one recipient (age1…) or a passphrase in the credential.',
		});
	});
});
