import type { Component, Manifest, OnProgress } from '../artifact';
import {
	manifestIfAny,
	toCheckRecord,
	recordChecks,
	type VerifyReport,
	type VerifyRequest,
} from '../artifact/verifyArtifact';
import type { CheckResult } from '../artifact/checks';
import type { DecryptionKeys } from '../encryption';
import { BackupError, errorMessage } from '../errors';
import { verifyPostgresArtifact } from '../postgres/verifyPostgres';
import { verifyRedisArtifact } from '../redis/verifyRedis';
import { verifyArchiveArtifact, verifyFileArtifact } from '../volume/verifyVolume';
import { componentOf } from './componentOf';

export interface VerifyBackupRequest {
	path: string;
	/** Told by the file's name when undefined. */
	component?: Component;
	/** Whether the result is written into the manifest. True by default. */
	record?: boolean;
	/** For one that is encrypted; without them its content stays unknown. */
	keys?: DecryptionKeys;
	onProgress?: OnProgress;
}

export interface BackupVerification extends Omit<VerifyReport, 'result'> {
	component: Component;
	/** `unknown`: what could be looked at holds, but its manifest cannot be judged, so nobody knows what should be in it. */
	result: 'passed' | 'failed' | 'unknown';
	/** Whether the result is in the manifest now; without a manifest it cannot be. */
	recorded: boolean;
	/** Why it could not be written: a read-only mount, for example. */
	recordProblem?: string;
}

const verifiers: Record<Component, typeof verifyPostgresArtifact> = {
	postgres: verifyPostgresArtifact,
	redis: verifyRedisArtifact,
	n8n: verifyArchiveArtifact,
	env: verifyFileArtifact,
};

/**
 * Verifies an artifact of any component against the manifest beside it, and writes the result into that.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, not ours, encrypted for another key,
 * cancelled
 */
export async function verifyBackup(
	{ path, component = componentOf(path), record = true, keys, onProgress }: VerifyBackupRequest,
	signal: AbortSignal,
): Promise<BackupVerification> {
	const { manifest, fault } = await findManifest(path);
	const step = `Verifying ${path}`;
	const request: Omit<VerifyRequest, 'inspect'> = {
		path,
		manifest,
		keys,
		onBytes: (rawBytes) => onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
	};
	const verified = await verifiers[component](request, signal);
	verified.checks.push(...checkShrunk(manifest));
	if (fault !== undefined) return { ...verified, ...withFault(verified, fault), component, recorded: false };
	return { ...verified, component, ...(record ? await recordResult(verified) : { recorded: false }) };
}

/** Whole it is; whether it holds what it should is for somebody to say. */
function checkShrunk(manifest: Manifest | undefined): CheckResult[] {
	const { shrunk } = manifest ?? {};
	if (!shrunk || shrunk.acceptedAt !== undefined) return [];
	const detail = `It holds far less than ${shrunk.before}, the last full one before it: ${shrunk.lost.join(' ')}`;
	return [{ check: 'shrunk', result: 'unknown', detail }];
}

/** What was found out is worth reporting even where it cannot be written down. */
async function recordResult(
	report: VerifyReport,
): Promise<Pick<BackupVerification, 'recorded' | 'recordProblem'>> {
	try {
		return { recorded: await recordChecks(report.path, 'verification', toCheckRecord(report)) };
	} catch (error) {
		return { recorded: false, recordProblem: errorMessage(error) };
	}
}

/** The manifest, or what is wrong with the file in its place. */
async function findManifest(path: string): Promise<{ manifest?: Manifest; fault?: string }> {
	try {
		return { manifest: await manifestIfAny(path) };
	} catch (error) {
		if (error instanceof BackupError && error.code === 'unreadable') return { fault: error.what };
		throw error;
	}
}

/** What an unreadable manifest would have said is not known: then nothing has passed, and nothing failed by it. */
function withFault(
	{ result, checks }: VerifyReport,
	fault: string,
): Pick<BackupVerification, 'result' | 'checks'> {
	return {
		result: result === 'failed' ? 'failed' : 'unknown',
		checks: checks.map((check) =>
			check.check === 'manifest' ? { ...check, result: 'unknown', detail: fault } : check,
		),
	};
}
