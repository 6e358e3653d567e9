import type { Workflow, WorkflowNode } from '../../../lab/n8n/workflow.ts';

/** A workflow with what the editor needs to draw it. */
export type Drawn = Workflow & {
	connections: Record<string, { main: Array<Array<{ node: string; index: number }>> }>;
};

interface Box {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

interface Point {
	x: number;
	y: number;
}

/** Of a node in the editor (canvas.utils: calculateNodeSize). More than two ends on a side make it taller. */
const side = 96;
const perFurtherEnd = 32;

/** A name is written below its node: its letters at most as wide as this on average, in up to two lines. */
const letterWidth = 8;
const labelGap = 8;
const labelHeight = 40;

/** Their lines would begin below them, and run through their names. */
const withoutOutputs = new Set(['n8n-nodes-base.stopAndError']);

/** Lines that begin where a node has no end for them, one sentence each. */
export function looseLines({ nodes, connections }: Drawn): string[] {
	return nodes
		.filter(({ name, type }) => withoutOutputs.has(type) && connections[name])
		.map(({ name }) => `"${name}" has no output for its line`);
}

/** What the editor draws over what else, one sentence each. */
export function crossings(workflow: Drawn): string[] {
	const nodes = workflow.nodes.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote');
	return edgesOf(workflow).flatMap(({ from, to, points }) =>
		nodes.flatMap((node) => {
			const line = `The line from "${from}" to "${to}" runs through`;
			const body = bodyOf(node, workflow);
			const isOwn = node.name === from || node.name === to;
			return [
				...(!isOwn && points.some((point) => isInside(point, body)) ? [`${line} "${node.name}"`] : []),
				...(points.some((point) => isInside(point, labelOf(node, body)))
					? [`${line} the label of "${node.name}"`]
					: []),
			];
		}),
	);
}

/** Nodes that lie on one another or on a name, one sentence each. */
export function overlaps(workflow: Drawn): string[] {
	const drawn = workflow.nodes
		.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote')
		.map((node) => {
			const body = bodyOf(node, workflow);
			return { name: node.name, parts: [body, labelOf(node, body)] };
		});
	return drawn.flatMap((one, at) =>
		drawn
			.slice(at + 1)
			.filter((other) => one.parts.some((part) => other.parts.some((its) => doOverlap(part, its))))
			.map((other) => `"${one.name}" lies on "${other.name}"`),
	);
}

function ends(name: string, workflow: Drawn): { inputs: number; outputs: number } {
	const inputs = Object.values(workflow.connections)
		.flatMap(({ main }) => main.flat())
		.filter(({ node }) => node === name)
		.map(({ index }) => index + 1);
	return { inputs: Math.max(1, ...inputs), outputs: outputsOf(name, workflow) };
}

function outputsOf(name: string, { connections, nodes }: Drawn): number {
	const node = nodes.find((one) => one.name === name)!;
	const used = connections[name]?.main.length ?? 1;
	const hasTwo = node.onError === 'continueErrorOutput' || node.type === 'n8n-nodes-base.if';
	return Math.max(used, hasTwo ? 2 : 1);
}

function bodyOf(node: WorkflowNode, workflow: Drawn): Box {
	const [left, top] = node.position as [number, number];
	const { inputs, outputs } = ends(node.name, workflow);
	const height = side + perFurtherEnd * Math.max(0, Math.max(inputs, outputs) - 2);
	return { left, top, right: left + side, bottom: top + height };
}

function labelOf({ name }: WorkflowNode, { left, bottom }: Box): Box {
	const half = Math.min(side, (name.length * letterWidth) / 2);
	const centre = left + side / 2;
	const top = bottom + labelGap;
	return { left: centre - half, right: centre + half, top, bottom: top + labelHeight };
}

/** Lines leave to the right and arrive from the left, as Vue Flow's Bézier curves do. */
function edgesOf(workflow: Drawn): Array<{ from: string; to: string; points: Point[] }> {
	const named = (name: string) => workflow.nodes.find((node) => node.name === name)!;
	return Object.entries(workflow.connections).flatMap(([from, { main }]) =>
		main.flatMap((targets, output) =>
			targets.map(({ node: to, index }) => {
				const [source, target] = [bodyOf(named(from), workflow), bodyOf(named(to), workflow)];
				const start = { x: source.right, y: endAt(source, output, ends(from, workflow).outputs) };
				const end = { x: target.left, y: endAt(target, index, ends(to, workflow).inputs) };
				return { from, to, points: curve(start, end) };
			}),
		),
	);
}

function endAt({ top, bottom }: Box, at: number, count: number): number {
	return top + ((bottom - top) * (at + 1)) / (count + 1);
}

function curve(start: Point, end: Point): Point[] {
	const middle = (start.x + end.x) / 2;
	return Array.from({ length: 201 }, (_, step) => {
		const t = step / 200;
		const [a, b, c, d] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
		return {
			x: a * start.x + b * middle + c * middle + d * end.x,
			y: (a + b) * start.y + (c + d) * end.y,
		};
	});
}

function isInside({ x, y }: Point, { left, top, right, bottom }: Box): boolean {
	return x > left && x < right && y > top && y < bottom;
}

function doOverlap(one: Box, other: Box): boolean {
	return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
