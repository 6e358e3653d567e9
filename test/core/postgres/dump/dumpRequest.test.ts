import { dumpArguments, type DumpRequest } from '../../../../core/postgres/dump/dumpRequest';

const whole: DumpRequest = { database: 'n8n', selection: {}, noOwner: false, noPrivileges: false };

test('a whole database needs no option, and its name is never an argument', () => {
	expect(dumpArguments(whole)).toEqual([]);
});

test('every part of the selection is an option with its value attached, so that no value becomes an option', () => {
	const selection = {
		schemas: ['public', '-x'],
		excludeSchemas: ['audit*'],
		tables: ['"My Table"'],
		excludeTables: ['public.cache_*'],
		excludeTableData: ['execution_data', 'execution_entity'],
	};
	expect(dumpArguments({ ...whole, selection })).toEqual([
		'--schema=public',
		'--schema=-x',
		'--strict-names',
		'--exclude-schema=audit*',
		'--table="My Table"',
		'--exclude-table=public.cache_*',
		'--exclude-table-data=execution_data',
		'--exclude-table-data=execution_entity',
	]);
});

test('excluding alone does not ask for strict names: what is not there need not be excluded', () => {
	expect(dumpArguments({ ...whole, selection: { tables: [], excludeTables: ['a'] } })).toEqual([
		'--exclude-table=a',
	]);
});

test('owner, privileges and lock time-out are passed on', () => {
	expect(dumpArguments({ ...whole, noOwner: true, noPrivileges: true, lockTimeoutMs: 1500 })).toEqual([
		'--no-owner',
		'--no-privileges',
		'--lock-wait-timeout=1500',
	]);
});
