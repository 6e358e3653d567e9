import { discard } from '../../../core/blocks';

test('memory that was given back is gone', () => {
	const bytes = Buffer.alloc(1_000_000, 'x');
	discard(bytes);
	expect(bytes.length).toBe(0);
});

test('memory that small buffers share stays with the others', () => {
	const [one, other] = [Buffer.from('one'), Buffer.from('other')];
	expect(one.buffer).toBe(other.buffer);
	discard(one);
	expect(other.toString()).toBe('other');
});
