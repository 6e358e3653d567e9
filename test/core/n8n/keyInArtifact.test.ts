import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { keyInArtifact } from '../../../core/n8n/keyInArtifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { makeTar } from '../volume/support/makeTar';
import { packInto } from '../volume/support/pack';

const scratch = temporaryDirectory();
const never = new AbortController().signal;

test('the key comes out of an archive of n8n’s data folder', async () => {
	mkdirSync(scratch.path('tree', 'sub'), { recursive: true });
	writeFileSync(scratch.path('tree', 'config'), '{"encryptionKey":"the key"}');
	writeFileSync(scratch.path('tree', 'sub', 'config'), '{"encryptionKey":"another one’s"}');
	await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	writeFileSync(scratch.path('tree.tar.gz'), gzipSync(readFileSync(scratch.path('tree.tar'))));
	const request = { path: scratch.path('tree.tar.gz'), compression: 'gzip', kind: 'archive' } as const;
	expect(await keyInArtifact(request, never)).toBe('the key');
});

test('an archive with the folder’s parent, made by another tar, has the key, too', async () => {
	const content = '{"encryptionKey":"the key"}';
	writeFileSync(scratch.path('a.tar'), makeTar({ name: './config' }, { name: './.n8n/config', content }));
	const request = { path: scratch.path('a.tar'), compression: 'none', kind: 'archive' } as const;
	expect(await keyInArtifact(request, never)).toBe('the key');
});

test('the key comes out of a copied .env', async () => {
	writeFileSync(scratch.path('env.backup'), 'N8N_ENCRYPTION_KEY="the key"\n');
	const request = { path: scratch.path('env.backup'), compression: 'none', kind: 'file' } as const;
	expect(await keyInArtifact(request, never)).toBe('the key');
});

test('no key is no error', async () => {
	writeFileSync(scratch.path('a.tar'), makeTar({ name: 'database.sqlite', content: 'x' }));
	const request = { path: scratch.path('a.tar'), compression: 'none', kind: 'archive' } as const;
	expect(await keyInArtifact(request, never)).toBeUndefined();
});
