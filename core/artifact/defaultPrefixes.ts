import type { Component } from './component';

/**
 * What names begin with when nobody says otherwise; a database’s dump has the database’s name. Whoever makes backups of
 * the same thing has to use the same one, or they are two series, and retention keeps the newest of each.
 */
export const defaultPrefixes = {
	redis: 'dump',
	n8n: 'n8n_data',
	env: 'env',
} as const satisfies Partial<Record<Component, string>>;
