import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { command, startCommand } from '../../lab/command.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { inTime } from '../judges/inTime.ts';
import { loadBack } from '../judges/loadBack.ts';
import { type PostgresSource, postgresWith } from '../servers.ts';
import { type Dumped, primary, Standby } from './dumped.ts';
import { idleSeconds } from './outageAttack.ts';
import { startStorm } from './storm.ts';

const faults = { whole: 100, short: 1 };

/** Databases whose tables come, change and go while they are dumped, and whose transactions hold two tables together. */
export const changingDatabases: Attack[] = [
	{
		promise: 'whole',
		fault: 'tables created, altered, emptied and dropped while their database is dumped',
		faults,
		open: async (scratch) => await open(scratch, primary),
	},
	{
		promise: 'whole',
		fault: 'the same on a primary whose standby is dumped, which cancels queries or becomes a primary itself',
		faults,
		open: async (scratch) => await open(scratch, (server) => new Standby(server)),
	},
];

const tables = `
	CREATE TABLE stable AS SELECT n AS id, repeat(md5(n::text), 20) AS data FROM generate_series(1, 20000) AS n;
	CREATE TABLE debit (id bigint PRIMARY KEY, amount integer NOT NULL);
	CREATE TABLE credit (id bigint PRIMARY KEY REFERENCES debit, amount integer NOT NULL);
	CREATE INDEX ON credit (amount);`;

/** What is the same in every dump: what nobody changes, and what each transaction leaves equal. */
const truths = `
	SELECT md5(string_agg(id || data, ',' ORDER BY id)) FROM stable;
	SELECT (SELECT count(*) || ':' || coalesce(sum(amount), 0) FROM debit) =
		(SELECT count(*) || ':' || coalesce(sum(amount), 0) FROM credit);`;

const mostSeconds = 60;
/** In seconds, about, that a dump takes from its start. */
const mostMomentMs = 1500;

async function open(scratch: string, dumpedOf: (server: PostgresSource['server']) => Dumped): Promise<Arena> {
	const source = await postgresWith(tables);
	return await endingOnFailure(source, async () => {
		const { server, env } = source;
		const dumped = dumpedOf(server);
		const root = join(scratch, 'backups');
		const directory = join(root, 'postgres');
		const expected = await server.psql(truths, { database: 'n8n' });
		const argsAt = (port: number) => [
			...['create', 'postgres', '--database', 'n8n', '--port', String(port)],
			...['--idle-timeout', String(idleSeconds), '--directory', root],
		];
		return {
			async strike(random) {
				await rm(root, { recursive: true, force: true });
				await mkdir(root);
				const port = await dumped.ready();
				const storm = await startStorm(server, 'n8n', random);
				const dumping = startCommand(argsAt(port), env);
				await Promise.race([dumping.ended, wait(random.below(mostMomentMs))]);
				await dumped.disturb(random);
				let carriedOut = 0;
				const ended = inTime(dumping, mostSeconds).finally(async () => {
					carriedOut = await storm.stop();
					await dumped.restore();
				});
				const { exitCode, stdout, stderr } = await ended;
				const whole = await judgeDirectory(directory);
				assertKept(
					whole.length === (exitCode === 0 ? 1 : 0),
					`It ends with ${exitCode}, and there are ${whole.length}`,
				);
				const isSaid = exitCode === 0 || (stderr.startsWith('✗ ') && !/\n\s+at /.test(stderr));
				assertKept(isSaid, `It fails without a word: ${stdout}${stderr}`);
				if (whole[0] === undefined) {
					const next = await command(argsAt(server.port), env);
					assertKept(next.exitCode === 0, `The next backup, without all that, fails: ${next.stderr}`);
				} else {
					const found = await loadBack(server, join(directory, whole[0]), truths);
					assertKept(found === expected, `It succeeds, and of what is the same always: ${found}`);
				}
				return carriedOut > 0;
			},
			async [Symbol.asyncDispose]() {
				await dumped[Symbol.asyncDispose]();
				await source[Symbol.asyncDispose]();
			},
		};
	});
}
