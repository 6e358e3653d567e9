import {
	chmodSync,
	chownSync,
	linkSync,
	lutimesSync,
	mkdirSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Every kind of name, type, permission and time that a volume can hold. */
export function makeVariedTree(root: string): void {
	const deep = join(root, ...Array.from({ length: 12 }, (_, i) => `directory-number-${i}-of-a-deep-path`));
	mkdirSync(deep, { recursive: true });
	mkdirSync(join(root, 'empty'), { mode: 0o750 });
	writeFileSync(join(root, 'config'), '{"encryptionKey":"0123456789"}', { mode: 0o600 });
	writeFileSync(join(root, 'zero'), '');
	writeFileSync(join(root, 'block'), Buffer.alloc(512, 'b'));
	writeFileSync(join(root, 'large'), Buffer.alloc(3 * 1024 * 1024 + 7, 'large '));
	writeFileSync(join(root, 'name with\nnewline and "quotes" $HOME'), 'x');
	writeFileSync(join(root, 'naïve — 日本語 🎉.txt'), 'unicode');
	writeFileSync(Buffer.concat([Buffer.from(`${root}/not-utf8-`), Buffer.from([0xff, 0xfe, 0xe9])]), 'bytes');
	writeFileSync(join(root, 'n'.repeat(100)), 'exactly the header’s room');
	writeFileSync(join(root, 'm'.repeat(101)), 'one more');
	writeFileSync(join(deep, 'l'.repeat(255)), 'path far above 255 bytes');
	writeFileSync(join(root, 'script.sh'), '#!/bin/sh\n', { mode: 0o755 });
	chmodSync(join(root, 'script.sh'), 0o4755);
	linkSync(join(root, 'large'), join(root, 'second name of large'));
	linkSync(join(root, 'large'), join(root, 'empty', 'third'));
	symlinkSync('large', join(root, 'link'));
	symlinkSync(`nowhere/${'t'.repeat(200)}`, join(root, 'dangling link'));
	symlinkSync('../outside', join(root, 'link outside'));
	utimesSync(join(root, 'zero'), 0, 0);
	utimesSync(join(root, 'block'), -86_400, -86_400);
	utimesSync(join(root, 'config'), 1_000_000_000, 1_000_000_000);
	lutimesSync(join(root, 'link'), 1_234_567_890, 1_234_567_890);
	if (process.getuid?.() === 0) chownSync(join(root, 'config'), 1000, 3_000_000);
	utimesSync(join(root, 'empty'), 946_684_800, 946_684_800);
}
