import { isOn, usesQueue } from '../n8n/environment';
import { isOlder } from '../n8n/versions';
import { failed, type Finding, passed, unknown } from './finding';

/** What is known of the n8n whose environment is looked at. */
export interface RunningN8n {
	/** Undefined: nobody knows; it may not even run. */
	version?: string;
	role?: 'main' | 'worker' | 'webhook';
}

type Environment = NodeJS.ProcessEnv;

const oldestVersion = '2.1.1';

export function checkVersion({ version }: RunningN8n): Finding {
	const check = 'n8n version';
	if (version === undefined) return unknown(check, 'This does not run inside n8n.');
	const isTooOld = isOlder(version, oldestVersion);
	if (isTooOld === undefined) return unknown(check, `n8n calls itself ${version}.`);
	if (!isTooOld) return passed(check, `n8n ${version}.`);
	return failed(check, `n8n ${version}.`, `Update it to ${oldestVersion} or newer.`);
}

/** Whether this is the process that scheduled backups run in: another one may have other mounts. */
export function checkWorker(env: Environment, { role }: RunningN8n): Finding {
	const check = 'worker';
	if (!usesQueue(env)) {
		return role === undefined
			? unknown(check, 'This does not run inside n8n, so nobody knows where scheduled executions run.')
			: passed(check, 'n8n runs without a queue: every execution runs in this process.');
	}
	if (role === 'worker') return passed(check, 'This ran on a worker, where scheduled executions run.');
	const advice =
		'Set OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS=true for n8n and every worker, and run this again: the worker needs the same mounts.';
	if (role === undefined) return unknown(check, 'Whether this is a worker of n8n’s is not known.', advice);
	return failed(check, `This ran on ${role}, but scheduled executions run on a worker.`, advice);
}

export function checkOffload(env: Environment): Finding {
	const check = 'OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS';
	if (!usesQueue(env)) return passed(check, 'It is not needed: n8n runs without a queue.');
	if (isOn(env[check])) return passed(check, 'A run by hand takes the same way as the one at night.');
	return failed(
		check,
		`It is ${shown(env[check])}: a run by hand proves main, and the one at night runs on a worker.`,
		`Set ${check}=true for n8n and every worker.`,
	);
}

export function checkReinstall(env: Environment, { role }: RunningN8n): Finding {
	const check = 'N8N_REINSTALL_MISSING_PACKAGES';
	const found = `It is ${shown(env[check])}`;
	if (role === 'worker') {
		if (!isOn(env[check]))
			return passed(check, `${found}: this worker leaves it to main to install packages.`);
		return failed(
			check,
			`${found} on a worker: where it shares its volume with main, both install at once and break each other.`,
			`Set ${check}=false on workers, and true on main alone.`,
		);
	}
	if (isOn(env[check])) return passed(check, 'A new volume gets this package back by itself.');
	return failed(
		check,
		`${found}: with a new volume n8n starts without this package, and nothing is backed up.`,
		`Set ${check}=true on main.`,
	);
}

/** n8n 3 installs nothing that n8n has not verified, unless this says so. */
export function checkUnverified(env: Environment, { version }: RunningN8n): Finding {
	const check = 'N8N_UNVERIFIED_PACKAGES_ENABLED';
	const advice = `Set ${check}=true: n8n verifies no package that reads and writes files.`;
	const value = env[check];
	if (isOn(value)) return passed(check, 'This package may be installed and updated.');
	if (value !== undefined)
		return failed(check, `It is ${shown(value)}: n8n installs no such package.`, advice);
	const isBefore3 = version === undefined ? undefined : isOlder(version, '3.0.0');
	if (isBefore3 === undefined) return unknown(check, 'It is not set, which n8n 3 takes for no.', advice);
	if (!isBefore3) return failed(check, 'It is not set, which this n8n takes for no.', advice);
	return passed(check, 'It is not set, which n8n 2 takes for yes.', `Before n8n 3: ${advice}`);
}

/** Where n8n keeps files of executions, and so whether they are in any backup. */
export function checkBinaryData(env: Environment, { hasDataFolder }: { hasDataFolder: boolean }): Finding {
	const check = 'N8N_DEFAULT_BINARY_DATA_MODE';
	const mode = env[check] ?? (usesQueue(env) ? 'database' : 'filesystem');
	const found = `It is ${shown(env[check])}`;
	switch (mode) {
		case 'database':
			return passed(check, `${found}: files of executions are in the database, and so in its dump.`);
		case 'filesystem':
			if (hasDataFolder) return passed(check, `${found}: files of executions are in n8n’s data folder.`);
			return unknown(
				check,
				`${found}: files of executions are in n8n’s data folder, and none was named here.`,
				'Name n8n’s data folder, and archive it.',
			);
		case 'default':
			return passed(check, `${found}: files of executions are with the executions, in the database.`);
		default:
			return unknown(
				check,
				`${found}: files of executions lie in a place that is no part of these backups.`,
				'Protect that place by its own means, such as versions of a bucket.',
			);
	}
}

/** n8n's own default; whoever lives there will have set it. */
const defaultZone = 'America/New_York';

/** @param timeZone that names are written in and schedules are meant in */
export function checkTimeZone(env: Environment, timeZone: string): Finding {
	const check = 'time zone';
	const own = env.GENERIC_TIMEZONE;
	if (own === undefined && timeZone === defaultZone) {
		return failed(
			check,
			`2 AM is meant in ${defaultZone}, n8n’s own default.`,
			'Set GENERIC_TIMEZONE, as Europe/Berlin, or the time zone in the workflow’s settings.',
		);
	}
	if (own !== undefined && own !== timeZone) {
		return passed(
			check,
			`2 AM is meant in ${timeZone}, as the workflow’s settings say; n8n’s own is ${own}.`,
		);
	}
	return passed(check, `2 AM is meant in ${timeZone}.`);
}

function shown(value: string | undefined): string {
	return value === undefined ? 'not set' : `“${value}”`;
}
