import { DateTime } from 'luxon';
import type { CatalogEntry } from '../../../core/artifact';
import { formatBytes } from '../../../core/units';

/** `Wed 25 Nov 20:43 · n8n · 3.2 MB · drilled`, with what else somebody must know who chooses it. */
export function backupLabel(
	{ at, prefix, storedBytes, state, manifest }: CatalogEntry,
	{ timeZone, instanceId, now = new Date() }: { timeZone: string; instanceId: string; now?: Date },
): string {
	const made = DateTime.fromJSDate(at, { zone: timeZone });
	const isThisYear = made.year === DateTime.fromJSDate(now, { zone: timeZone }).year;
	const owner = manifest?.instanceId;
	return [
		made.toFormat(isThisYear ? 'ccc d LLL HH:mm' : 'ccc d LLL yyyy HH:mm', { locale: 'en' }),
		prefix,
		formatBytes(storedBytes),
		...proof(manifest?.drill?.result, 'drilled', 'did not pass its drill'),
		...(manifest?.drill ? [] : proof(manifest?.verification?.result, 'verified', 'damaged')),
		...(state === 'good' ? [] : [state]),
		...(manifest?.encryption ? ['encrypted'] : []),
		...(owner === undefined || owner === instanceId ? [] : [`of n8n ${owner.slice(0, 12)}`]),
	].join(' · ');
}

function proof(result: 'passed' | 'failed' | undefined, passed: string, failed: string): string[] {
	if (result === undefined) return [];
	return [result === 'passed' ? passed : failed];
}
