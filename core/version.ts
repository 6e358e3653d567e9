import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** This package's version; compiled files live in dist/core, two levels below package.json. */
export const packageVersion: string = (
	JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;
