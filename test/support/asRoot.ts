/** Tests of what root may do to other users' files; they say in their name that they are skipped for others. */
export const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;
