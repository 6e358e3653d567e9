import { stringify } from 'flatted';
import type { Random } from '../../lab/random.ts';

/**
 * What n8n keeps of an execution: everything that every node passed on, as flatted JSON: one array in which objects
 * refer to each other by index, so that keys and short texts come again and again between random ids and times.
 *
 * Encoding the objects takes longer than loading them. So some thousand executions are encoded once, with marks
 * where ids, times and notes belong, and every row is one of them with fresh ones put in.
 */
export class ExecutionTexts {
	readonly #random: Random;
	readonly #templates: Template[];

	constructor(random: Random, templates = 4000) {
		this.#random = random;
		this.#templates = Array.from({ length: templates }, (_, number) => makeTemplate(random, number));
	}

	/** The next execution's `data`, in one line of JSON. */
	next(): string {
		const { pieces, kinds } = this.#random.pick(this.#templates);
		let text = pieces[0] ?? '';
		for (const [index, kind] of kinds.entries()) text += fresh[kind](this.#random) + pieces[index + 1];
		return text;
	}
}

interface Template {
	/** One more than there are kinds. */
	pieces: string[];
	/** What belongs between the pieces. */
	kinds: Kind[];
}

type Kind = keyof typeof fresh;

const fresh = {
	id: (random: Random) => random.uuid(),
	token: (random: Random) => Buffer.from(random.hex(36)).toString('base64'),
	time: (random: Random) => new Date(1_760_000_000_000 + random.bits()).toISOString(),
	note: (random: Random) => random.sentence(4 + random.below(12)),
	price: (random: Random) => `${random.below(900)}.${10 + random.below(90)}`,
};

const mark = (kind: Kind): string => `<<${kind}>>`;

function makeTemplate(random: Random, number: number): Template {
	const nodes = ['Webhook', 'Fetch orders', 'Filter', 'Enrich', 'Book'].slice(0, 2 + random.below(4));
	const items = 1 + random.below(14);
	const runData = Object.fromEntries(
		nodes.map((name, index) => [name, [makeRun(random, number + index, items, nodes[index - 1])]]),
	);
	const text = stringify({
		version: 1,
		startData: {},
		resultData: { runData, lastNodeExecuted: nodes.at(-1) },
		executionData: { contextData: {}, nodeExecutionStack: [], metadata: {}, waitingExecution: {} },
	});
	const parts = text.split(/<<(\w+)>>/);
	return {
		pieces: parts.filter((_, index) => index % 2 === 0),
		kinds: parts.filter((_, index) => index % 2 === 1) as Kind[],
	};
}

function makeRun(random: Random, number: number, items: number, previousNode?: string) {
	const json = Array.from({ length: items }, () => ({ json: makeOrder(random), pairedItem: { item: 0 } }));
	return {
		hints: [],
		startTime: 1_760_000_000_000 + number * 1009,
		executionTime: random.below(900),
		executionIndex: number % 7,
		executionStatus: 'success',
		source: previousNode ? [{ previousNode }] : [],
		data: { main: [json] },
	};
}

function makeOrder(random: Random) {
	const customer = random.below(5000);
	return {
		orderId: mark('id'),
		createdAt: mark('time'),
		customer: {
			id: mark('id'),
			name: `Customer ${customer}`,
			email: `customer${customer}@example.com`,
			vip: random.below(9) === 0,
		},
		positions: Array.from({ length: 1 + random.below(4) }, () => ({
			sku: `SKU-${random.below(4000)}`,
			title: random.sentence(3),
			quantity: 1 + random.below(4),
			price: mark('price'),
		})),
		status: random.pick(['paid', 'shipped', 'returned', 'open']),
		trackingToken: mark('token'),
		note: `${mark('note')}\n"${mark('note')}"`,
		html: `<p class="note">${mark('note')}</p>`,
	};
}
