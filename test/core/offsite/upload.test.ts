import { partBytesFor } from '../../../core/offsite/s3/upload';

const [megabyte, gigabyte] = [1024 ** 2, 1024 ** 3];

describe('The parts of an upload to S3', () => {
	it.each([0, 1, 6 * gigabyte, 48 * gigabyte, 49 * gigabyte, 100 * gigabyte, 5 * 1024 * gigabyte])(
		'are at most 10,000 and at least 5 MB each, of %d bytes',
		(bytes) => {
			const partBytes = partBytesFor(bytes);
			expect(Math.ceil(bytes / partBytes)).toBeLessThanOrEqual(10_000);
			expect(partBytes).toBeGreaterThanOrEqual(5 * megabyte);
			// Three of them are in memory at a time.
			if (bytes <= 100 * gigabyte) expect(partBytes).toBeLessThanOrEqual(11 * megabyte);
		},
	);
});
