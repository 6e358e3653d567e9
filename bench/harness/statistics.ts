/** The middle value; between the two middle ones of an even number. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	const upper = sorted[middle] ?? NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The smallest and the largest. */
export function spread(values: readonly number[]): [number, number] {
	return [Math.min(...values), Math.max(...values)];
}

export interface Point {
	x: number;
	y: number;
}

/**
 * The b of y = a·x^b that fits best: the slope of the straight line through the points' logarithms, by least
 * squares. 1 is growth in proportion, 0 is none.
 */
export function growthExponent(points: readonly Point[]): number {
	const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
	const mean = (pick: (point: Point) => number) =>
		logs.reduce((sum, point) => sum + pick(point), 0) / logs.length;
	const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
	const covariance = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
	const variance = logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
	return covariance / variance;
}
