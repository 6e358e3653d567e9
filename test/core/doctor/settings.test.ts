import {
	checkBinaryData,
	checkOffload,
	checkReinstall,
	checkTimeZone,
	checkUnverified,
	checkVersion,
	checkWorker,
} from '../../../core/doctor/settings';
import { compareClocks } from '../../../core/doctor/clock';
import { checkFileAccess } from '../../../core/doctor/fileAccess';
import { checkKey } from '../../../core/doctor/key';
import { BackupError } from '../../../core/errors';

const queue = { EXECUTIONS_MODE: 'queue' };

describe('a setting of n8n', () => {
	it.each([
		['2.40.7', 'passed'],
		['2.1.1', 'passed'],
		['2.1.0', 'failed'],
		['1.123.0', 'failed'],
		['next', 'unknown'],
		[undefined, 'unknown'],
	])('is judged: version %s is %s', (version, result) => {
		expect(checkVersion({ version }).result).toBe(result);
	});

	it.each([
		[{}, 'main', 'passed'],
		[{}, undefined, 'unknown'],
		[queue, 'worker', 'passed'],
		[queue, 'main', 'failed'],
		[queue, undefined, 'unknown'],
	] as const)('is judged: with %j, the role %s is %s', (env, role, result) => {
		expect(checkWorker(env, { role }).result).toBe(result);
	});

	it.each([
		[{}, 'passed'],
		[queue, 'failed'],
		[{ ...queue, OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'false' }, 'failed'],
		[{ ...queue, OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' }, 'passed'],
	])('is judged: runs by hand with %j are %s', (env, result) => {
		expect(checkOffload(env).result).toBe(result);
	});

	it.each([
		['true', 'main', 'passed'],
		[undefined, 'main', 'failed'],
		['true', 'worker', 'failed'],
		['false', 'worker', 'passed'],
		[undefined, 'worker', 'passed'],
	] as const)('is judged: N8N_REINSTALL_MISSING_PACKAGES=%s on %s is %s', (value, role, result) => {
		expect(checkReinstall({ N8N_REINSTALL_MISSING_PACKAGES: value }, { role }).result).toBe(result);
	});

	it.each([
		['true', undefined, 'passed'],
		['false', '2.40.7', 'failed'],
		[undefined, '2.40.7', 'passed'],
		[undefined, '3.0.0', 'failed'],
		[undefined, undefined, 'unknown'],
	])('is judged: N8N_UNVERIFIED_PACKAGES_ENABLED=%s in n8n %s is %s', (value, version, result) => {
		expect(checkUnverified({ N8N_UNVERIFIED_PACKAGES_ENABLED: value }, { version }).result).toBe(result);
	});

	it.each([
		[{}, true, 'passed'],
		[{}, false, 'unknown'],
		[queue, false, 'passed'],
		[{ N8N_DEFAULT_BINARY_DATA_MODE: 'database' }, false, 'passed'],
		[{ N8N_DEFAULT_BINARY_DATA_MODE: 's3' }, true, 'unknown'],
		[{ N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' }, false, 'unknown'],
	])('is judged: binary data by %j, data folder %s, is %s', (env, hasDataFolder, result) => {
		expect(checkBinaryData(env, { hasDataFolder }).result).toBe(result);
	});

	it.each([
		[undefined, 'America/New_York', 'failed'],
		['America/New_York', 'America/New_York', 'passed'],
		[undefined, 'Europe/Berlin', 'passed'],
		['Europe/Berlin', 'Asia/Tokyo', 'passed'],
	])('is judged: GENERIC_TIMEZONE=%s, the workflow’s %s, is %s', (own, zone, result) => {
		expect(checkTimeZone({ GENERIC_TIMEZONE: own }, zone).result).toBe(result);
	});
});

describe('what has failed', () => {
	it('says the whole line to set for paths that nodes may not use', async () => {
		const permit = async (path: string) => {
			if (path === '/backups') return await Promise.resolve(path);
			throw new BackupError('not-permitted', 'no', { advice: 'no' });
		};
		const paths = ['/backups', '/a', '/b'];
		const finding = await checkFileAccess(paths, { N8N_RESTRICT_FILE_ACCESS_TO: '/x;/backups' }, permit);
		expect(finding).toMatchObject({ result: 'failed', found: 'n8n does not let nodes use /a, /b.' });
		expect(finding.whatToDo).toContain('Set N8N_RESTRICT_FILE_ACCESS_TO=/x;/backups;/a;/b;');
		expect((await checkFileAccess(['/backups'], {}, permit)).result).toBe('passed');
		expect((await checkFileAccess(['/backups'], {}, undefined)).result).toBe('unknown');
	});

	it('says by how much clocks differ', () => {
		const now = Date.UTC(2026, 0, 1);
		expect(compareClocks('clock', now + 59_000, now).result).toBe('passed');
		expect(compareClocks('clock', now - 200_000, now)).toMatchObject({
			result: 'failed',
			found: 'The server’s clock is 3 min 20 s behind this one.',
		});
	});

	it.each([
		[[], 0, undefined, 'unknown'],
		[[], 2, undefined, 'failed'],
		[['k'], 1, undefined, 'passed'],
		[['k'], 1, 'k', 'passed'],
		[['k', 'k'], 2, 'k', 'passed'],
		[['k'], 1, 'other', 'failed'],
		[['k', 'other'], 2, undefined, 'failed'],
	] as const)(
		'is told from what is right: keys %j in %i sources, n8n’s own %s: %s',
		(keys, sources, own, result) => {
			const found = keys.map((key, index) => ({ place: `/source${index}`, key }));
			const finding = checkKey(found, { sources, own });
			expect(finding.result).toBe(result);
			expect(finding.found).not.toContain('other');
		},
	);
});
