import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { RetentionPolicy } from '../../core/retention';

const rule = (
	displayName: string,
	name: keyof RetentionPolicy,
	defaultCount: number,
	description: string,
) => ({
	displayName,
	name,
	type: 'number' as const,
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: defaultCount,
	description: `${description}. 0 switches the rule off; what any rule keeps is kept.`,
});

/** What is always shown. */
export const rules: INodeProperties[] = [
	rule('Keep Days', 'keepDays', 7, 'Keep everything of this many days before the newest backup'),
	rule('Keep Last', 'keepLast', 3, 'Keep the newest backups, this many of each kind'),
];

/** What is among the options. */
export const furtherRules: INodeProperties[] = [
	rule('Keep Daily', 'keepDaily', 0, 'Keep the newest backup of each of the last days that have one'),
	rule('Keep Monthly', 'keepMonthly', 0, 'Keep the newest backup of each of the last months that have one'),
	rule('Keep Weekly', 'keepWeekly', 0, 'Keep the newest backup of each of the last weeks that have one'),
	rule('Keep Yearly', 'keepYearly', 0, 'Keep the newest backup of each of the last years that have one'),
];

export const dryRun: INodeProperties = {
	displayName: 'Dry Run',
	name: 'dryRun',
	type: 'boolean',
	default: false,
	description: 'Whether to only show what would be deleted',
};

export type FurtherRules = Partial<RetentionPolicy>;

/** The policy that a node's parameters make; a rule that is not shown is off. */
export function readPolicy(
	context: IExecuteFunctions,
	itemIndex: number,
	chosen: FurtherRules,
): RetentionPolicy {
	return {
		keepDays: Number(context.getNodeParameter('keepDays', itemIndex)),
		keepLast: Number(context.getNodeParameter('keepLast', itemIndex)),
		keepDaily: chosen.keepDaily ?? 0,
		keepWeekly: chosen.keepWeekly ?? 0,
		keepMonthly: chosen.keepMonthly ?? 0,
		keepYearly: chosen.keepYearly ?? 0,
	};
}
