import { durationMs, type Health, type Report, type SeriesReport } from './report';

interface Metric {
	name: string;
	help: string;
	samples: Array<{ labels: Record<string, string>; value: number }>;
}

const healths: Health[] = ['good', 'late', 'failed', 'shrunk', 'unknown'];

/**
 * The report for a monitor, in Prometheus' text format.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function formatMetrics(report: Report): string {
	return [...seriesMetrics(report.series), ...directoryMetrics(report)].map(formatMetric).join('');
}

function seriesMetrics(series: readonly SeriesReport[]): Metric[] {
	const each = (name: string, help: string, valueOf: (one: SeriesReport) => number | undefined): Metric => ({
		name,
		help,
		samples: series.flatMap((one) => {
			const value = valueOf(one);
			return value === undefined ? [] : [{ labels: labelsOf(one), value }];
		}),
	});
	return [
		each('n8n_backup_last_good_timestamp_seconds', 'When the newest good backup began.', ({ newestGood }) =>
			seconds(newestGood?.at),
		),
		each(
			'n8n_backup_last_good_bytes',
			'Size of the newest good backup.',
			({ newestGood }) => newestGood?.storedBytes,
		),
		each(
			'n8n_backup_last_good_duration_seconds',
			'How long it took.',
			({ newestGood }) => newestGood && durationMs(newestGood) / 1000,
		),
		each('n8n_backup_kept', 'Backups that are there, in any state.', ({ history }) => history.length),
		each('n8n_backup_last_verified_timestamp_seconds', 'When a backup was last verified.', ({ verified }) =>
			seconds(verified && new Date(verified.record.at)),
		),
		each(
			'n8n_backup_last_drilled_timestamp_seconds',
			'When a backup was last restored as a drill.',
			({ drilled }) => seconds(drilled && new Date(drilled.record.at)),
		),
		each(
			'n8n_backup_last_drill_passed',
			'1 where the last drill passed, 0 where it failed.',
			({ drilled }) => drilled && (drilled.record.result === 'passed' ? 1 : 0),
		),
		each(
			'n8n_backup_copies',
			'Other places that hold the newest good backup.',
			({ copies }) => copies.length,
		),
		{
			name: 'n8n_backup_health',
			help: '1 for the health that a series of backups has, 0 for the others.',
			samples: series.flatMap((one) =>
				healths.map((health) => ({
					labels: { ...labelsOf(one), health },
					value: one.health === health ? 1 : 0,
				})),
			),
		},
	];
}

function directoryMetrics({ at, space, failedRuns }: Report): Metric[] {
	const single = (name: string, help: string, value: number | undefined): Metric => ({
		name,
		help,
		samples: value === undefined ? [] : [{ labels: {}, value }],
	});
	return [
		single('n8n_backup_free_bytes', 'What is left on the disk of the backup directory.', space?.freeBytes),
		single('n8n_backup_failed_runs', 'Failed runs that are on record.', failedRuns.length),
		single('n8n_backup_report_timestamp_seconds', 'When this was written.', seconds(at)),
	];
}

function labelsOf({ component, prefix, instanceId }: SeriesReport): Record<string, string> {
	return { component, prefix, instance: instanceId ?? 'unknown' };
}

function seconds(at: Date | undefined): number | undefined {
	return at && Math.round(at.getTime() / 1000);
}

function formatMetric({ name, help, samples }: Metric): string {
	if (samples.length === 0) return '';
	const lines = samples.map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}\n`);
	return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function formatLabels(labels: Record<string, string>): string {
	const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
	return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escapeLabel(value: string): string {
	return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
