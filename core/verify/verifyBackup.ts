import type { Component, Manifest, OnProgress } from '../artifact';
import {
	manifestIfAny,
	proofRecord,
	recordProof,
	type VerifyReport,
	type VerifyRequest,
} from '../artifact/verifyArtifact';
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
	onProgress?: OnProgress;
}

export interface BackupVerification extends VerifyReport {
	component: Component;
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
 * @throws BackupError only when there is nothing to judge: no such file, not readable, not ours, cancelled
 */
export async function verifyBackup(
	{ path, component = componentOf(path), record = true, onProgress }: VerifyBackupRequest,
	signal: AbortSignal,
): Promise<BackupVerification> {
	const { manifest, fault } = await findManifest(path);
	const step = `Verifying ${path}`;
	const request: Omit<VerifyRequest, 'inspect'> = {
		path,
		manifest,
		onBytes: (rawBytes) => onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
	};
	const verified = withFault(await verifiers[component](request, signal), fault);
	const mayRecord = record && fault === undefined;
	return { ...verified, component, ...(mayRecord ? await recordResult(verified) : { recorded: false }) };
}

/** What was found out is worth reporting even where it cannot be written down. */
async function recordResult(
	report: VerifyReport,
): Promise<Pick<BackupVerification, 'recorded' | 'recordProblem'>> {
	try {
		return { recorded: await recordProof(report.path, 'verification', proofRecord(report)) };
	} catch (error) {
		return { recorded: false, recordProblem: errorMessage(error) };
	}
}

/** The manifest, or what is wrong with the file in its place. */
async function findManifest(path: string): Promise<{ manifest?: Manifest; fault?: string }> {
	try {
		return { manifest: await manifestIfAny(path) };
	} catch (error) {
		if (error instanceof BackupError && error.code === 'damaged') return { fault: error.what };
		throw error;
	}
}

/** A manifest that nobody can read is worse than none: something has happened to it. */
function withFault(report: VerifyReport, fault: string | undefined): VerifyReport {
	if (fault === undefined) return report;
	const checks = report.checks.map((check) =>
		check.check === 'manifest' ? { ...check, result: 'failed' as const, detail: fault } : check,
	);
	return { ...report, result: 'failed', checks };
}
