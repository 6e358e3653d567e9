import type { CatalogEntry, Component } from '../../../core/artifact';
import { planRetention, type PlanOptions } from '../../../core/retention';
import { caps, catalogs, fc, optionsWithoutCap, policies } from '../../../attacks/retention/catalogs.ts';
import { isJudged, keptByRules, mustStay, seriesOf } from '../../../attacks/retention/model.ts';

const runs = { numRuns: 400 };
const kept = (entries: CatalogEntry[], options: PlanOptions) =>
	new Set(
		planRetention(entries, options)
			.filter(({ action }) => action === 'keep')
			.map(({ entry }) => entry),
	);

const names = (entries: Iterable<CatalogEntry>) => [...entries].map(({ path }) => path).sort();

describe('whatever lies in the backup directory, and whatever the rules are', () => {
	it('exactly those stay that docs/retention.md says', () => {
		fc.assert(
			fc.property(catalogs, optionsWithoutCap, (entries, options) => {
				const expected = new Set([...mustStay(entries, options), ...keptByRules(entries, options)]);
				expect(names(kept(entries, options))).toEqual(names(expected));
			}),
			runs,
		);
	});

	it('every unreadable one stays, every one of today, the newest good one, and without it the newest, under any cap', () => {
		fc.assert(
			fc.property(catalogs, optionsWithoutCap, caps, (entries, options, maxBytesPerComponent) => {
				const stays = kept(entries, { ...options, maxBytesPerComponent });
				const lost = [...mustStay(entries, options)].filter((entry) => !stays.has(entry));
				expect(names(lost)).toEqual([]);
			}),
			runs,
		);
	});

	it('a cap takes only what no safety holds, and no more than it must', () => {
		fc.assert(
			fc.property(catalogs, optionsWithoutCap, caps, (entries, options, maxBytesPerComponent) => {
				const before = kept(entries, options);
				const after = kept(entries, { ...options, maxBytesPerComponent });
				for (const [component, instanceId] of groups(entries)) {
					const ofGroup = (entry: CatalogEntry) =>
						entry.component === component &&
						entry.manifest?.instanceId === instanceId &&
						isJudged(entry, options);
					const left = [...after].filter(ofGroup);
					const taken = [...before].filter((entry) => ofGroup(entry) && !after.has(entry));
					const bytes = left.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
					const free = left.filter((entry) => !mustStay(entries, options).has(entry));
					if (free.length > 0) expect(bytes).toBeLessThanOrEqual(maxBytesPerComponent);
					// The last that went was needed: with it the rest would have been over the cap.
					const last = taken.sort((a, b) => b.at.getTime() - a.at.getTime())[0];
					if (last) expect(bytes + last.storedBytes).toBeGreaterThan(maxBytesPerComponent);
				}
			}),
			{ numRuns: 150 },
		);
	});

	it('what cannot be judged counts for nobody: without it the others fare no differently', () => {
		fc.assert(
			fc.property(
				catalogs,
				optionsWithoutCap,
				fc.option(caps, { nil: undefined }),
				(entries, options, cap) => {
					const all = { ...options, maxBytesPerComponent: cap };
					const judged = entries.filter((entry) => isJudged(entry, options));
					const beside = names(kept(entries, all)).filter((path) =>
						judged.some((entry) => entry.path === path),
					);
					expect(beside).toEqual(names(kept(judged, all)));
				},
			),
			runs,
		);
	});

	it('one n8n’s backups fare as if no other wrote into the directory', () => {
		fc.assert(
			fc.property(
				catalogs,
				optionsWithoutCap,
				fc.option(caps, { nil: undefined }),
				(entries, options, cap) => {
					const all = { ...options, instanceId: undefined, maxBytesPerComponent: cap };
					const alone = entries.filter(({ manifest }) => manifest?.instanceId === 'a'.repeat(64));
					const beside = [...kept(entries, all)].filter((entry) => alone.includes(entry));
					expect(names(beside)).toEqual(names(kept(alone, all)));
				},
			),
			runs,
		);
	});

	it('nothing of a series goes while a shrunk one is newer than every good one', () => {
		fc.assert(
			fc.property(catalogs, optionsWithoutCap, caps, (entries, options, maxBytesPerComponent) => {
				const stays = kept(entries, { ...options, maxBytesPerComponent });
				for (const loss of entries.filter(({ state }) => state === 'shrunk')) {
					const series = seriesOf(entries, loss);
					const isMended = series.some(
						({ state, at }) => state === 'good' && at > loss.at && at <= options.now,
					);
					if (isMended) continue;
					expect(names(series.filter((entry) => !stays.has(entry)))).toEqual([]);
				}
			}),
			runs,
		);
	});

	it('a shrunk one takes nobody’s place: what else would stay without it stays beside it', () => {
		fc.assert(
			fc.property(
				catalogs.map((entries) => entries.map(asJudgedAlone)),
				optionsWithoutCap,
				(entries, options) => {
					const full = entries.filter(({ state }) => state !== 'shrunk');
					const beside = kept(entries, options);
					const anyGood = (one: CatalogEntry) => seriesOf(full, one).some(({ state }) => state === 'good');
					const lost = [...kept(full, options)].filter((entry) => anyGood(entry) && !beside.has(entry));
					expect(names(lost)).toEqual([]);
				},
			),
			runs,
		);
	});

	it('a stronger rule never deletes more', () => {
		fc.assert(
			fc.property(catalogs, optionsWithoutCap, policies, (entries, options, more) => {
				const { policy } = options;
				const stronger = Object.fromEntries(
					Object.entries(policy).map(([name, value]) => [name, value + more[name as keyof typeof more]]),
				) as unknown as typeof policy;
				const after = kept(entries, { ...options, policy: stronger });
				expect(names([...kept(entries, options)].filter((entry) => !after.has(entry)))).toEqual([]);
			}),
			runs,
		);
	});
});

/** Good or shrunk. */
function asJudgedAlone(entry: CatalogEntry): CatalogEntry {
	return { ...entry, state: entry.state === 'shrunk' ? 'shrunk' : 'good' };
}

function groups(entries: CatalogEntry[]): Array<[Component, string | undefined]> {
	const found = new Map<string, [Component, string | undefined]>();
	for (const { component, manifest } of entries)
		found.set(`${component}/${manifest?.instanceId}`, [component, manifest?.instanceId]);
	return [...found.values()];
}
