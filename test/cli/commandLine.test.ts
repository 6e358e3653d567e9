import { mkdir } from 'node:fs/promises';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';

const directory = temporaryDirectory();

describe('the command line', () => {
	it('shows help with the exit codes, and ends with 0', async () => {
		const { exitCode, stdout } = await runCommand(['--help']);
		expect(exitCode).toBe(0);
		expect(stdout).toContain('Usage: n8n-backup');
		expect(stdout).toMatch(/3 +damaged/);
	});

	it('knows its version', async () => {
		const { exitCode, stdout } = await runCommand(['--version']);
		expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
	});

	it.each([
		[['frobnicate'], 'unknown command'],
		[['list', '--bogus'], 'unknown option'],
		[['list', '--component', 'mysql'], 'Use postgres, redis, n8n, env.'],
		[['list', '--time-zone', 'Mars/Olympus'], '"Mars/Olympus" is not a known time zone.'],
		[['prune', '--keep-days', '-1'], 'Use a whole number, 0 or more.'],
		[['restore', 'postgres'], 'missing required argument'],
		[['restore', 'postgres', 'x.sql', '--into', 'a', '--replace', 'b'], 'cannot be used with'],
		[['restore', 'postgres', 'x.sql', '--map-role', 'old'], 'Write it as old=new.'],
		[['restore', 'postgres', 'x.sql', '--port', '70000'], 'Use a whole number, 1 to 65535.'],
		[['restore', 'postgres', 'x.sql', '--n8n-version', 'latest'], 'Write it as n8n does: 2.40.7.'],
		[['restore', 'volume', 'x.tar.gz'], "required option '--to <directory>' not specified"],
	])('refuses %j with exit code 2 and says why on stderr', async (args, message) => {
		const { exitCode, stdout, stderr } = await runCommand(args);
		expect(stderr).toContain(message);
		expect([exitCode, stdout]).toEqual([2, '']);
	});

	it('has no option that takes a password', async () => {
		for (const kind of ['postgres', 'redis']) {
			const { stdout } = await runCommand(['restore', kind, '--help']);
			expect(stdout).not.toMatch(/--password <|-W /);
		}
	});

	it('asks for a backup directory where none is named', async () => {
		const { exitCode, stderr } = await runCommand(['list']);
		expect(exitCode).toBe(2);
		expect(stderr).toBe(
			'✗ No backup directory was named.\n' +
				'  Name it with --directory, or in the environment as N8N_BACKUP_DIRECTORY.\n',
		);
	});

	it('takes the backup directory and the time zone from the environment', async () => {
		await mkdir(directory.path('backups'));
		const env = { N8N_BACKUP_DIRECTORY: directory.path('backups'), GENERIC_TIMEZONE: 'Europe/Berlin' };
		const { exitCode, stdout } = await runCommand(['list'], { env });
		expect([exitCode, stdout]).toEqual([0, `There are no backups in ${directory.path('backups')}.\n`]);
	});

	it('gives a failure to programs as one JSON document, and nothing on stderr', async () => {
		const { exitCode, stdout, stderr } = await runCommand(['list', '--json', '-d', directory.path('none')]);
		expect([exitCode, stderr]).toEqual([1, '']);
		expect(JSON.parse(stdout)).toEqual({
			error: {
				code: 'not-found',
				what: `The backup directory ${directory.path('none')} does not exist.`,
				advice: expect.any(String) as string,
			},
		});
	});
});
