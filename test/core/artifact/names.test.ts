import {
	formatArtifactName,
	manifestName,
	parseArtifactName,
	prefixFor,
	stampToDate,
} from '../../../core/artifact';

describe('the name of an artifact', () => {
	const startedAt = new Date('2026-11-23T01:00:00Z');

	it('is prefix, local date and time, extension', () => {
		const name = { prefix: 'n8n', startedAt, extension: 'sql.gz' };
		expect(formatArtifactName({ ...name, timeZone: 'Europe/Berlin' })).toBe('n8n_20261123_020000.sql.gz');
		expect(formatArtifactName({ ...name, timeZone: 'America/New_York' })).toBe('n8n_20261122_200000.sql.gz');
	});

	it.each(['n8n', 'n8n_data', 'my-db', 'größe', '_', 'a.b'])(
		'can be read back with the prefix %s',
		(prefix) => {
			const name = formatArtifactName({ prefix, startedAt, timeZone: 'utc', extension: 'tar.zst' });
			expect(parseArtifactName(name)).toEqual({ prefix, stamp: '20261123_010000', extension: 'tar.zst' });
		},
	);

	it.each([
		'n8n.sql.gz',
		'n8n_20261123.sql.gz',
		'n8n_20261323_010000.sql.gz',
		'n8n_20261123_250000.sql.gz',
		'.n8n_20261123_010000.sql.gz.partial',
		'n8n_20261123_010000.sql.gz.manifest.json',
		'n8n_20261123_010000.sql.gz.manifest.json.bak',
		'n8n_20261123_010000.sql.gz.manifest.json.next',
		'_20261123_010000.sql.gz',
		'n8n_20261123_010000',
	])('is not ours when it is %s', (name) => {
		expect(parseArtifactName(name)).toBeUndefined();
	});

	it.each(['', '.hidden', 'a/b', 'a\\b', '../up', 'a b', 'x'.repeat(181)])(
		'refuses the prefix %j',
		(prefix) => {
			expect(() => formatArtifactName({ prefix, startedAt, timeZone: 'utc', extension: 'rdb' })).toThrow(
				`"${prefix}" cannot be the beginning of a file name. Use letters, digits`,
			);
		},
	);

	it('refuses a time zone that does not exist', () => {
		expect(() =>
			formatArtifactName({ prefix: 'n8n', startedAt, timeZone: 'Mars/Olympus', extension: 'rdb' }),
		).toThrow('"Mars/Olympus" is not a known time zone. Choose one in the workflow’s settings');
	});

	it('is followed by .manifest.json for the manifest', () => {
		expect(manifestName('a_20261123_010000.rdb')).toBe('a_20261123_010000.rdb.manifest.json');
	});

	it('gives the instant back in the zone it was written in', () => {
		expect(stampToDate('20261123_020000', 'Europe/Berlin')).toEqual(startedAt);
	});
});

describe('the prefix for a database’s name', () => {
	it.each(['n8n', 'größe', 'n8n-prod.eu'])('is the name itself when a file may be called so: %s', (name) => {
		expect(prefixFor(name)).toBe(name);
	});

	it('keeps names apart that would look the same', () => {
		const prefixes = ['a b', 'a/b', 'a_b', 'a"b'].map(prefixFor);
		expect(new Set(prefixes).size).toBe(4);
		for (const prefix of prefixes) expect(prefix).toMatch(/^a_b(-[0-9a-f]{8})?$/);
	});

	it.each(['../../etc', '.', '', 'x'.repeat(300), '💥'.repeat(60)])('is always usable: %j', (name) => {
		const formatted = formatArtifactName({
			prefix: prefixFor(name),
			startedAt: new Date('2026-11-23T01:00:00Z'),
			timeZone: 'utc',
			extension: 'sql.gz',
		});
		expect(parseArtifactName(formatted)?.prefix).toBe(prefixFor(name));
		expect(Buffer.byteLength(`.${manifestName(formatted)}.partial`)).toBeLessThan(256);
	});
});
