import type { Component } from '../artifact';
import type { Content } from './content';

/** A partial file there belongs to a run that is gone, and nobody goes on with it, when nothing was written to it for two days. */
export const abandonedPartialAfterMs = 48 * 60 * 60_000;

/** A file at a destination. */
export interface RemoteFile {
	/** `postgres/n8n_….sql.gz`: the same as below the backup directory. */
	name: string;
	bytes: number;
}

/**
 * A place off-site, reduced to what copies need. Names are those below the backup directory, with `/` between.
 * Whatever a destination throws is a BackupError: `unreachable`, `auth`, `not-permitted`, `not-found`, `no-space`,
 * `exists`, `incomplete`, `server`, `cancelled`.
 */
export interface Destination extends AsyncDisposable {
	/** For messages and manifests: `s3://bucket/prefix`. Never holds a secret. */
	readonly place: string;
	/** Complete files of one component; none where its directory is not there. What is not whole yet is left out. */
	list(component: Component, signal: AbortSignal): Promise<RemoteFile[]>;
	/** One file; undefined when it is not there. */
	head(name: string, signal: AbortSignal): Promise<RemoteFile | undefined>;
	/** Puts a file under a name, which is complete or absent whatever happens. Nothing there is overwritten. */
	put(name: string, content: Content, signal: AbortSignal): Promise<void>;
	/** A file's bytes. @throws BackupError `not-found` */
	get(name: string, signal: AbortSignal): AsyncIterable<Buffer>;
	/** Deletes a file; `locked` where the place keeps it, as Object Lock and append-only keys do. */
	delete(name: string, signal: AbortSignal): Promise<'deleted' | 'locked'>;
	/** Removes what runs that are gone left unfinished. What cannot be removed stays for the next run. */
	sweep(component: Component, signal: AbortSignal): Promise<void>;
}

/** The name at a destination of what lies in a component's directory. */
export function remoteName(component: Component, fileName: string): string {
	return `${component}/${fileName}`;
}
