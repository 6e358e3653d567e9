import { randomUUID } from 'node:crypto';

/** What directories of ours are called that are there for the length of one run, by what they are for. */
export const scratchPrefixes = {
	/** Copies of SQLite databases. */
	databases: '.n8n-backup-databases-',
	/** What a drill restores. */
	drill: '.n8n-backup-drill-',
	/** Certificates for a program, or a way to its output: made by `mkdtemp`, as a socket's path must be short. */
	program: '.n8n-backup-program-',
} as const;

const scratchName =
	/^\.n8n-backup-(?:(?:databases|drill)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|program-[0-9A-Za-z]{6})$/;

/** A name that no other run has. */
export function newScratchName(purpose: 'databases' | 'drill'): string {
	return `${scratchPrefixes[purpose]}${randomUUID()}`;
}

/** Whether a directory is a run's own by its whole name: it may lie in a tree that is archived, and is no part of it. */
export function isScratchName(name: string): boolean {
	return scratchName.test(name);
}
