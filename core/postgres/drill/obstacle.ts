import type { BackupError } from '../../errors';
import { errorCode } from '../../errors';

/** Codes of errors that may be the backup's own fault, while it is loaded into a server that could take it. */
const ofBackup = new Set<BackupError['code']>(['server', 'damaged', 'incomplete', 'unsupported']);

/**
 * SQLSTATEs that say something of the server and its user (PostgreSQL documentation, appendix A): connections, a
 * feature or an extension that is not there, a read-only server, locks, permissions, resources, an operator's
 * intervention, files and disks, configuration, internal errors.
 */
const ofServer = /^(?:08|0A|25006|28|3D|40|42501|53|55|57|58|F0|XX)/;

/**
 * SQLSTATEs that prove damage wherever they come up: data that is not what its type takes, and keys that do not hold.
 * Not among them is what depends on the PostgreSQL that it happens in: characters and encodings, names of time zones
 * and locales, and conditions (CHECK), which may call anything.
 */
const ofData = /^(?:22(?!021|023|P05)|23(?!514))/;

/**
 * The same where an embedded PostgreSQL that lacks this and that took the backup: what is not there or not possible in
 * it says nothing, and only what no PostgreSQL could have taken is the backup's fault.
 */
export function provesDamage(error: BackupError): boolean {
	if (error.code === 'damaged' || error.code === 'incomplete') return true;
	return error.code === 'server' && ofData.test(errorCode(error.cause) ?? '');
}

/** Whether an error says something of the backup; otherwise it only kept the drill from finding anything out. */
export function blamesBackup(error: BackupError): boolean {
	if (!ofBackup.has(error.code)) return false;
	const state = errorCode(error.cause);
	return error.code !== 'server' || (state !== undefined && !ofServer.test(state));
}
