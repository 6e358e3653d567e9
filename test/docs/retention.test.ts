import type { CatalogEntry } from '../../core/artifact';
import { planRetention, type RetentionPolicy } from '../../core/retention';
import { readDocument } from './support/blocks';

const off: RetentionPolicy = {
	keepDays: 0,
	keepLast: 0,
	keepDaily: 0,
	keepWeekly: 0,
	keepMonthly: 0,
	keepYearly: 0,
};

const day = 86_400_000;

/** A good backup every night from the first to the last. */
function nightly(first: string, last: string): CatalogEntry[] {
	const entries: CatalogEntry[] = [];
	for (let at = Date.parse(first); at <= Date.parse(last); at += day) {
		const name = `n8n_${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}_020000.sql.gz`;
		const path = `/backups/postgres/${name}`;
		entries.push({
			...{ component: 'postgres', prefix: 'n8n', name, path, at: new Date(at) },
			...{ storedBytes: 1000, state: 'good' },
		});
	}
	return entries;
}

test('the worked example of retention.md is what the rules keep', async () => {
	const text = await readDocument('retention.md');
	const [, rules, table] = /<!-- example: (.*) -->\n\n([^]*?)\n\n/.exec(text)!;
	const policy = Object.fromEntries(
		rules!.split(', ').map((rule): [string, number] => {
			const [name = '', count] = rule.split(' ');
			return [name, Number(count)];
		}),
	);
	const documented = table!
		.split('\n')
		.slice(2)
		.map((row) => row.split('|').map((cell) => cell.trim()))
		.map(([, name, reasons]) => [name, reasons]);

	const entries = nightly('2026-09-01T02:00Z', '2026-11-23T02:00Z');
	const verdicts = planRetention(entries, {
		policy: { ...off, ...policy },
		now: new Date('2026-11-23T10:00Z'),
		timeZone: 'utc',
		includeUnproven: false,
		failedComponents: [],
	});
	const kept = verdicts.filter(({ action }) => action === 'keep');
	expect(documented).toEqual(kept.map(({ entry: { name }, reasons }) => [name, reasons.join(', ')]));
	expect(text).toContain(`${entries.length} in all`);
	expect(text).toContain(`these ${kept.length} stay and the other ${entries.length - kept.length} go`);
});
