import { resolve } from 'node:path';
import { BackupError } from '../errors';

/** A place off-site as a person writes it. */
export type Place =
	| { kind: 'directory'; path: string }
	| { kind: 's3'; bucket: string; prefix: string }
	| { kind: 'sftp'; user: string; host: string; port: number; path: string }
	| { kind: 'webdav'; url: string; user: string };

/**
 * Reads `s3://bucket/prefix`, `sftp://user@host:22/path`, `webdavs://user@host/path` (`webdav://` without TLS), or a
 * path. On an SFTP server a path is absolute; `/~/` before it begins at the user's home.
 *
 * @throws BackupError `bad-parameter`; never with what it was given when that holds a password
 */
export function parsePlace(text: string): Place {
	const [, scheme] = /^([a-z0-9+.-]+):\/\//i.exec(text) ?? [];
	if (scheme === undefined) {
		if (text.trim() === '') throw new BackupError('bad-parameter', 'The place is empty', { advice: forms });
		return { kind: 'directory', path: resolve(text) };
	}
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url?.password) {
		throw new BackupError('bad-parameter', `The place at ${url.hostname} was given with a password`, {
			advice: 'Leave it out and set it in the environment: command lines can be read by every user',
		});
	}
	const path = url && decode(url.pathname);
	if (!url || url.hostname === '' || path === undefined || url.search !== '' || url.hash !== '') {
		throw new BackupError('bad-parameter', `"${text}" is no place that can be used`, { advice: forms });
	}
	switch (scheme.toLowerCase()) {
		case 's3':
			return { kind: 's3', bucket: url.hostname, prefix: trimSlashes(path) };
		case 'sftp':
			return {
				kind: 'sftp',
				user: decode(url.username) ?? '',
				host: url.hostname.replace(/^\[|\]$/g, ''),
				port: Number(url.port === '' ? 22 : url.port),
				path: path.startsWith('/~/') ? path.slice(3) : path,
			};
		case 'webdav':
		case 'webdavs': {
			const protocol = scheme.toLowerCase() === 'webdav' ? 'http' : 'https';
			return {
				kind: 'webdav',
				url: `${protocol}://${url.host}${url.pathname}`,
				user: decode(url.username) ?? '',
			};
		}
		default:
			throw new BackupError('bad-parameter', `${scheme}:// is no kind of place that is known`, {
				advice: forms,
			});
	}
}

const forms =
	'Write s3://bucket/prefix, sftp://user@host/path, webdavs://host/path, or the path of a directory';

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

function trimSlashes(path: string): string {
	return path.replace(/^\/+|\/+$/g, '');
}
