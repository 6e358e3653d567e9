/** Whether two buffers hold the same bytes; Jest's own comparison of buffers takes seconds for a megabyte. */
export function expectSameBytes(actual: Buffer, expected: Buffer): void {
	expect(actual.length).toBe(expected.length);
	expect(actual.equals(expected)).toBe(true);
}
