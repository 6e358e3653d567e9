import { join } from 'node:path';

/** The checkout. Every task is started there (scripts/run.mjs sees to it), and so is Jest. */
export const root: string = process.cwd();

/** Downloads that are kept between runs: Node, n8n, server binaries. Git ignores it. */
export const cacheDirectory: string = join(root, '.cache');

/** A program of a development dependency, such as `tsc`. */
export const binary = (name: string): string => join(root, 'node_modules', '.bin', name);
