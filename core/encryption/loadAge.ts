import type * as age from 'age-encryption';

/**
 * The library, when it is first needed: loading it takes as long as many a small backup, in each thread that does, and
 * most backups are not encrypted.
 */
export async function loadAge(): Promise<typeof age> {
	return await import('age-encryption');
}
