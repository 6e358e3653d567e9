import type { IExecuteFunctions } from 'n8n-workflow';
import type { Shape } from './shape';
import { simple } from './simple';
import { whole } from './whole';

export { simplify } from './property';
export type { Shape } from './shape';
export { drillFigures } from './drillFigures';

/** The shape that an operation’s parameter `simplify` chooses. Read it before the work begins: it may be an expression. */
export function chosenShape(context: IExecuteFunctions, itemIndex: number): Shape {
	const isSimple = context.getNodeParameter('simplify', itemIndex) as boolean;
	return isSimple ? simple(context.getTimezone()) : whole;
}
