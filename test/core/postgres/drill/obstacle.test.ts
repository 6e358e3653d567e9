import { BackupError } from '../../../../core/errors';
import { blamesBackup } from '../../../../core/postgres/drill/obstacle';

const refused = (code: string) =>
	new BackupError('server', 'The server refused it', {
		advice: 'x',
		cause: Object.assign(new Error(), { code }),
	});

test.each([
	['a full disk', '53100'],
	['too little memory', '53200'],
	['too many connections', '53300'],
	['a standby', '25006'],
	['an extension that is not installed', '58P01'],
	['an extension that is not available', '0A000'],
	['a lock', '55P03'],
	['a shutdown', '57P01'],
	['a missing right', '42501'],
	['an extension that only another database may have', 'XX000'],
	['a broken disk', 'XX001'],
])('%s is no fault of the backup', (_what, code) => {
	expect(blamesBackup(refused(code))).toBe(false);
});

test.each([
	['rows that are not unique', '23505'],
	['a value of the wrong type', '22P02'],
	['a syntax error', '42601'],
	['a table that is not there', '42P01'],
])('%s is', (_what, code) => {
	expect(blamesBackup(refused(code))).toBe(true);
});

test('damage is the backup’s, a lost connection is not, nor an error of a server that says no more', () => {
	const error = (code: BackupError['code']) => new BackupError(code, 'x', { advice: 'x' });

	expect(
		['damaged', 'incomplete', 'unsupported'].map((code) => blamesBackup(error(code as 'damaged'))),
	).toEqual([true, true, true]);
	expect(
		['unreachable', 'auth', 'no-space', 'server'].map((code) => blamesBackup(error(code as 'auth'))),
	).toEqual([false, false, false, false]);
});
