import type { CheckRecord, CopyRecord, Component, ManifestSource } from '../artifact';
import { formatDate } from '../units';

/** What people call a component. */
export const componentWords: Record<Component, string> = {
	postgres: 'PostgreSQL',
	redis: 'Redis',
	n8n: 'Archive',
	env: 'File',
};

/** Where a backup came from: `database n8n of postgres:5432`, `volume n8n_data`. */
export function describeSource(component: Component, source: ManifestSource): string | undefined {
	const { database, volume, path } = source;
	switch (component) {
		case 'postgres':
			return `${database === undefined ? 'roles and tablespaces' : `database ${database}`}${placeOf(source, ' of ')}`;
		case 'redis':
			return `Redis${placeOf(source, ' at ')}`;
		case 'n8n':
			if (volume !== undefined) return `volume ${volume}`;
			return path === undefined ? undefined : `directory ${path}${placeOf(source, ' of ')}`;
		case 'env':
			return path === undefined ? undefined : `file ${path}`;
	}
}

function placeOf({ container, host, port }: ManifestSource, preposition: string): string {
	if (container !== undefined) return ` in the container ${container}`;
	if (host === undefined) return '';
	return `${preposition}${port === undefined ? host : `${host}:${port}`}`;
}

/** When a backup was looked at again, and what came of it: `passed 2026-11-23 03:00:00`. */
export function describeCheck({ result, at }: CheckRecord, timeZone: string): string {
	return `${result} ${formatDate(new Date(at), timeZone)}`;
}

/** The copies that have not been pruned. */
export function presentCopies(copies: readonly CopyRecord[] = []): CopyRecord[] {
	return copies.filter(({ prunedAt }) => prunedAt === undefined);
}
