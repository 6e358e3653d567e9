import { readFileSync } from 'node:fs';
import { BackupError, errorCode } from '../errors';

/** How long to wait between two tries to open a file that is held by a lease. */
export const leaseRetryMs = 100;

/** Linux's own default (proc_sys_fs(5), lease-break-time). */
const usualBreakSeconds = 45;

const graceMs = 5000;

/**
 * Whether a file cannot be opened because another process holds a lease on it (fcntl(2), F_SETLEASE), as file
 * servers do. Only opening without waiting fails like that; it also tells the holder to let go.
 */
export function isLeased(error: unknown): boolean {
	return ['EAGAIN', 'EWOULDBLOCK'].includes(errorCode(error) ?? '');
}

/** How long to go on trying: the kernel takes a lease away from a holder who does not let go for so long. */
export function leaseTimeoutMs(): number {
	try {
		return Number.parseInt(readFileSync('/proc/sys/fs/lease-break-time', 'latin1'), 10) * 1000 + graceMs;
	} catch {
		return usualBreakSeconds * 1000 + graceMs;
	}
}

export function leasedError(path: string, cause: unknown): BackupError {
	return new BackupError(
		'not-permitted',
		`${path} could not be opened: another process holds a lease on it`,
		{
			advice: 'Close it in the file server (Samba, NFS) that shares it, then run this again',
			cause,
		},
	);
}
