import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { backUp, newestGoodArtifact, readCatalog } from '../../../core/artifact';
import type { BackupError } from '../../../core/errors';
import { acceptShrunk, carryOut, planPrune } from '../../../core/retention';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;

/** What Prune Backups has without a word. */
const policy = { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 };
const firstNight = DateTime.fromISO('2026-10-01T02:00:00', { zone: 'utc' });

const root = () => directory.path('backups');
const choice = () => ({ root: root(), timeZone: 'utc', components: ['n8n'] as const });
const stateOf = async () => (await readCatalog(choice())).map(({ state }) => state);

function onDatabase(sql: string): void {
	execFileSync('sqlite3', [directory.path('data', 'database.sqlite'), sql]);
}

/** A night of the workflow, without its word on which component failed. */
async function night(day: number): Promise<BackupError | undefined> {
	jest.setSystemTime(firstNight.plus({ days: day }).toJSDate());
	const request = {
		root: root(),
		component: 'n8n' as const,
		prefix: 'n8n_data',
		extension: 'tar',
		compression: { method: 'gzip' as const },
		timeZone: 'utc',
		instanceId: 'a'.repeat(64),
		step: 'archiving',
	};
	const outcome = await backUp(request, archiveDirectory({ directory: directory.path('data') }), never).then(
		() => undefined,
		(error: unknown) => error as BackupError,
	);
	const options = { ...choice(), now: new Date(), policy, includeUnproven: false, failedComponents: [] };
	for (const verdict of await planPrune(options)) await carryOut(verdict, { dryRun: false });
	return outcome;
}

describe('an n8n that has lost its data', () => {
	beforeEach(async () => {
		jest.useFakeTimers({
			now: firstNight.toJSDate(),
			doNotFake: [
				...(['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
				...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
				...(['setTimeout', 'clearTimeout'] as const),
			],
		});
		await mkdir(directory.path('data'));
		await mkdir(root());
		await writeFile(directory.path('data', 'config'), '{"encryptionKey":"of-the-test"}');
		onDatabase(`
			CREATE TABLE workflow_entity (id TEXT); CREATE TABLE credentials_entity (id TEXT);
			CREATE TABLE execution_entity (id INTEGER);
			INSERT INTO workflow_entity VALUES ('a'), ('b'), ('c'); INSERT INTO credentials_entity VALUES ('a');`);
	});

	afterEach(() => jest.useRealTimers());

	it('still has the last full backup after thirty nights with the rules as they are, each of them red', async () => {
		for (const day of [0, 1, 2]) expect(await night(day)).toBeUndefined();
		onDatabase('DELETE FROM workflow_entity; DELETE FROM credentials_entity;');
		for (let day = 3; day < 33; day++) {
			const error = await night(day);
			expect(error).toMatchObject({ code: 'shrunk' });
			expect(error?.what).toContain(
				'is kept, but holds far less than n8n_data_20261003_020000.tar.gz, the last full backup: ' +
					'workflow_entity in database.sqlite had 3 rows and has 0.',
			);
		}
		expect(await stateOf()).toEqual([
			...new Array<string>(30).fill('shrunk'),
			...new Array<string>(3).fill('good'),
		]);
		expect((await newestGoodArtifact(choice())).name).toBe('n8n_data_20261003_020000.tar.gz');
	}, 120_000);

	it('is pruned again when somebody says that it is meant to be so, once for all nights', async () => {
		for (const day of [0, 1]) await night(day);
		onDatabase('DELETE FROM workflow_entity; DELETE FROM credentials_entity;');
		for (let day = 2; day < 6; day++) await night(day);
		const accepted = ['n8n_data_20261003_020000.tar.gz'];
		expect(await acceptShrunk({ ...choice(), accepted })).toHaveLength(4);
		expect(await stateOf()).toEqual(new Array(6).fill('good'));
		for (let day = 6; day < 12; day++) expect(await night(day)).toBeUndefined();
		expect((await readCatalog(choice())).at(-1)?.name).toBe('n8n_data_20261005_020000.tar.gz');
	}, 60_000);

	it('is pruned again when its data is back, and the shrunk backups take no place', async () => {
		for (const day of [0, 1]) await night(day);
		onDatabase('DELETE FROM workflow_entity;');
		for (let day = 2; day < 6; day++) await night(day);
		onDatabase("INSERT INTO workflow_entity VALUES ('a'), ('b'), ('d');");
		for (let day = 6; day < 16; day++) expect(await night(day)).toBeUndefined();
		expect(await stateOf()).toEqual(new Array(8).fill('good'));
	}, 60_000);
});
