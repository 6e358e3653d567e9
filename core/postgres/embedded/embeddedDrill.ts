import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { BackupError } from '../../errors';
import type { DrillPlace, Finding, Subject } from '../drill/drillPlace';
import { assertMemory, beyondLimit, defaultMaxRawBytes, neededDisk } from './limits';
import { Scratch } from './scratch';
import { drillInProcess } from './startDrillProcess';

/**
 * A drill in a PostgreSQL that is part of this package: in a process of its own, its files in a scratch directory, both
 * of which are gone afterwards. It needs no server.
 */
export const insideN8n: DrillPlace = {
	where: 'inside-n8n',
	drill: async (subject, signal) => {
		try {
			return await drillInside(subject, signal);
		} catch (error) {
			if (!(error instanceof BackupError) || error.code === 'cancelled' || error.code === 'bad-parameter')
				throw error;
			return { obstacle: error };
		}
	},
};

async function drillInside(subject: Subject, signal: AbortSignal): Promise<Finding> {
	const { artifactPath, compression, keys, manifest, root, timeZone, withoutExtensions = [] } = subject;
	const maxRawBytes = subject.maxRawBytes ?? defaultMaxRawBytes;
	if ((manifest?.rawBytes ?? 0) > maxRawBytes) throw beyondLimit(maxRawBytes);
	await assertMemory();
	await using scratch = await Scratch.make(
		[tmpdir(), root],
		await neededDisk(artifactPath, manifest?.rawBytes),
	);
	const expected = manifest && { census: manifest.census, sha256: manifest.sha256 };
	const request = { directory: scratch.path, artifactPath, compression, keys, expected, root, timeZone };
	const step = `Restoring ${basename(artifactPath)} inside n8n`;
	return await drillInProcess(
		{ ...request, maxRawBytes, withoutExtensions },
		(rawBytes) => subject.onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
		signal,
	);
}
