/** The first major whose servers know `transaction_timeout`. */
const transactionTimeoutSince = 17;

/**
 * A pg_dump of version 17 or later sets `transaction_timeout` at the head of every dump, and an older server
 * refuses that: psql would stop there. The line is left out where the dump comes from such a server.
 *
 * @param head the dump's first bytes, at least up to its first statement that is no SET
 */
export function fitHeadToServer(head: Buffer): Buffer {
	const text = head.toString('latin1', 0, 4096);
	const major = Number(/^-- Dumped from database version (\d+)/m.exec(text)?.[1] ?? transactionTimeoutSince);
	const setting = /^SET transaction_timeout = 0;\n/m.exec(text);
	if (major >= transactionTimeoutSince || setting === null) return head;
	return Buffer.concat([head.subarray(0, setting.index), head.subarray(setting.index + setting[0].length)]);
}
