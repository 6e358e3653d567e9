import { BackupError, type BackupErrorCode } from '../errors';
import { describeServer, type RedisConnection } from './connection';
import { ReplyError } from './protocol/resp';

interface Refusal {
	server: string;
	command: string;
	/** The ACL user that was refused. */
	user: string;
}

interface Explanation {
	code: BackupErrorCode;
	what: (refusal: Refusal) => string;
	advice: (refusal: Refusal) => string;
}

/** ACL rules that go together; any other command needs `+` and its own name. */
const replicationRules = '+sync +psync +replconf';
const savingRules = '+bgsave +lastsave +info +time +config|get';
const rules: Record<string, string> = {
	SYNC: replicationRules,
	REPLCONF: replicationRules,
	BGSAVE: savingRules,
	LASTSAVE: savingRules,
	TIME: savingRules,
	CONFIG: savingRules,
	REPLICAOF: '+replicaof +info +config|get',
	SLAVEOF: '+slaveof +info +config|get',
};

const wrongPassword: Explanation = {
	code: 'auth',
	what: ({ server }) => `${server} did not accept the user or the password`,
	advice: () => 'Correct user and password in the Redis credential',
};

const masterLost: Explanation = {
	code: 'server',
	what: ({ server }) => `${server} is a replica that has lost its master`,
	advice: () =>
		'Use the master in the credential, or repair the link between the two; if a restore into it crashed, n8n-backup release redis makes it a master again',
};

/** By the first word of the server's answer. */
const byKind: Record<string, Explanation> = {
	NOAUTH: {
		code: 'auth',
		what: ({ server }) => `${server} asks for a password and the credential has none`,
		advice: () => 'Enter the password, and the user where the server knows several, in the Redis credential',
	},
	WRONGPASS: wrongPassword,
	NOPERM: {
		code: 'not-permitted',
		what: ({ server, command, user }) => `${server} does not permit its user ${user} to run ${command}`,
		advice: ({ command, user }) =>
			`Extend that user’s ACL: ACL SETUSER ${user} ${rules[command] ?? `+${command.toLowerCase()}`}`,
	},
	LOADING: {
		code: 'server',
		what: ({ server }) => `${server} is still loading its data`,
		advice: () => 'Run it again once the server is ready',
	},
	MASTERDOWN: masterLost,
	NOMASTERLINK: masterLost,
	MISCONF: {
		code: 'server',
		what: ({ server, command }) => `${server} refuses ${command} because it cannot save its data to disk`,
		advice: () => 'Look into that server’s log: its disk may be full or not writable',
	},
	OOM: {
		code: 'server',
		what: ({ server, command }) => `${server} refuses ${command} because its memory is full (maxmemory)`,
		advice: () => 'Raise maxmemory on that server, or remove what nobody needs',
	},
	READONLY: {
		code: 'server',
		what: ({ server, command }) => `${server} is a replica and refuses ${command}`,
		advice: () => 'Use the master in the credential',
	},
	NOREPLICAS: {
		code: 'server',
		what: ({ server, command }) => `${server} refuses ${command} because too few replicas follow it`,
		advice: () => 'Repair its replicas, or lower min-replicas-to-write for the time being',
	},
	BUSY: {
		code: 'server',
		what: ({ server }) => `${server} is busy with a script`,
		advice: () => 'Wait for the script or end it (SCRIPT KILL, FUNCTION KILL), then run it again',
	},
	DENIED: {
		code: 'not-permitted',
		what: ({ server }) => `${server} is in protected mode and refuses connections from other hosts`,
		advice: () => 'Set a password on that server (requirepass) and enter it in the Redis credential',
	},
};

/** Services that other people run refuse these, each in words of its own. */
const replication = new Set(['SYNC', 'PSYNC', 'REPLCONF']);

const managed =
	'Managed services switch it off and have snapshots of their own; on a server of yours, look for rename-command in redis.conf, or use another engine';

/** What the server itself answers when it has the command and cannot run it now (`replication.c`). */
function isForNow({ message }: ReplyError): boolean {
	return /^ERR (?:BGSAVE failed|SYNC and PSYNC are invalid|SYNC failed)|can't sync|failover|failing over/i.test(
		message,
	);
}

/** By words within answers whose first word is only `ERR`. */
const byWords: Array<Explanation & { words: RegExp }> = [
	{
		words: /invalid password|invalid username/i,
		...wrongPassword,
	},
	{
		words: /no password is set|without any password configured/i,
		code: 'auth',
		what: ({ server }) => `${server} has no password, but the credential has one`,
		advice: () => 'Clear the password in the Redis credential, or set one on the server',
	},
	{
		words: /wrong number of arguments for '?auth/i,
		code: 'auth',
		what: ({ server }) => `${server} is older than Redis 6 and knows no users`,
		advice: () => 'Clear the user in the Redis credential; the password alone is enough',
	},
	{
		words: /unknown command|unsupported command|command is not (?:allowed|available)|not supported|disabled/i,
		code: 'unsupported',
		what: ({ server, command }) => `${server} does not offer the command ${command}`,
		advice: () => managed,
	},
	{
		words: /max number of clients/i,
		code: 'server',
		what: ({ server }) => `${server} has no room for another connection`,
		advice: () => 'Raise maxclients on that server, or end connections that nobody needs',
	},
];

/** An answer of the server that is an error, as a BackupError that says what to do. */
export function replyError(reply: ReplyError, connection: RedisConnection, command: string): BackupError {
	const cause = withoutSecret(reply, connection);
	const { user = '' } = connection;
	const refusal = { server: describeServer(connection), command, user: user === '' ? 'default' : user };
	const explanation = byKind[reply.kind] ?? byWords.find(({ words }) => words.test(reply.message));
	if (!explanation && replication.has(command) && !isForNow(reply)) {
		return new BackupError('unsupported', `${refusal.server} does not offer ${command}: ${cause.message}`, {
			advice: managed,
			cause,
		});
	}
	if (!explanation) {
		return new BackupError('server', `${refusal.server} answered ${command} with: ${cause.message}`, {
			advice: 'Look into that server’s log, then run it again',
			cause,
		});
	}
	const { code, what, advice } = explanation;
	return new BackupError(code, what(refusal), { advice: advice(refusal), cause });
}

/** A server that does not know a command repeats its arguments, AUTH’s too. */
function withoutSecret(reply: ReplyError, { password }: RedisConnection): ReplyError {
	return password ? new ReplyError(reply.message.replaceAll(password, '…')) : reply;
}
