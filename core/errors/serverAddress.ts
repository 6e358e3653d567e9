import { BackupError } from './backupError';

/**
 * The name of a server from a field that takes nothing more, such as `db` or `10.0.0.5`, or a directory of sockets.
 *
 * @param field as a person knows it: “Host”
 * @throws BackupError `bad-parameter` for a whole address (`redis://:password@db`). It does not repeat it: what is in
 *   errors is in logs and executions.
 */
export function hostName(text: string, field: string): string {
	const name = withoutLogin(text.trim(), field);
	if (!name.includes('://')) return name;
	throw new BackupError('bad-parameter', `${field} is a whole address`, { advice: nameAlone });
}

/**
 * An address in which no login stands.
 *
 * @throws BackupError `bad-parameter`, as {@link hostName}
 */
export function withoutLogin(address: string, field: string): string {
	// At its beginning it means a socket without a file.
	if (address.lastIndexOf('@') <= 0) return address;
	throw new BackupError(
		'bad-parameter',
		`${field} holds more than the address of a server: there is an @ in it`,
		{
			advice: nameAlone,
		},
	);
}

const nameAlone = 'Write only the address there; user and password have fields of their own';
