import { copyBytes } from '../../../core/blocks';

test.each([
	['private to shared', Buffer.from('abcdefgh'), Buffer.from(new SharedArrayBuffer(16))],
	['shared to private', Buffer.from(new SharedArrayBuffer(8)).fill('abcdefgh'), Buffer.alloc(16)],
])('whole buffers and parts are copied from %s memory', (_what, source, target) => {
	copyBytes(source, 0, 8, target, 3);
	copyBytes(source, 2, 4, target, 12);
	copyBytes(source, 5, 5, target, 0);
	expect(target.toString('latin1')).toBe('\0\0\0abcdefgh\0cd\0\0');
});
