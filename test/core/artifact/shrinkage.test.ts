import { type Census, findShrinkage } from '../../../core/artifact';

interface Held {
	census: Census;
	rawBytes: number;
}

function dump(tables: Record<string, number>, rawBytes = 100_000): Held {
	const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
	return { census: { kind: 'postgres', tables, rows }, rawBytes };
}

/** Of an n8n with 12 workflows, but for what differs. */
function n8n(more: Record<string, number> = {}): Held {
	return dump({
		'public.workflow_entity': 12,
		'public.credentials_entity': 7,
		'public."user"': 2,
		'public.project': 2,
		'public.execution_entity': 100_000,
		...more,
	});
}

const database = (tables?: Record<string, number>, path = 'database.sqlite') => ({
	path,
	check: 'passed' as const,
	...(tables ? { tables } : {}),
});

function archive(entries: number, bytes: number, databases?: Array<ReturnType<typeof database>>): Held {
	const lists = { changed: [], vanished: [], sqlite: (databases ?? []).map(({ path }) => path) };
	const census: Census = {
		kind: 'tar',
		entries,
		bytes,
		skipped: 0,
		...lists,
		...(databases && { databases }),
	};
	return { census, rawBytes: bytes };
}

const redis = (keys?: number): Held => ({
	census: { kind: 'redis', keys, rdbVersion: 12, checksum: 'verified' },
	rawBytes: 100,
});

const sqlite = { workflow_entity: 5, credentials_entity: 2, user: 1, execution_entity: 4000 };
const withoutWorkflows = { ...sqlite, workflow_entity: 0 };
const withoutTable = { 'public.workflow_entity': 12, 'public.credentials_entity': 7 };

describe('a backup that is compared with the last full one', () => {
	it.each<[name: string, before: Held, after: Held, lost: string[]]>([
		['nothing changed', n8n(), n8n(), []],
		[
			'its only workflow is gone',
			n8n({ 'public.workflow_entity': 1 }),
			n8n({ 'public.workflow_entity': 0 }),
			['public.workflow_entity had 1 row and has 0.'],
		],
		[
			'one of three workflows is gone',
			n8n({ 'public.workflow_entity': 3 }),
			n8n({ 'public.workflow_entity': 2 }),
			[],
		],
		[
			'two of three workflows are gone',
			n8n({ 'public.workflow_entity': 3 }),
			n8n({ 'public.workflow_entity': 1 }),
			[],
		],
		[
			'three of four workflows are gone',
			n8n({ 'public.workflow_entity': 4 }),
			n8n({ 'public.workflow_entity': 1 }),
			['public.workflow_entity had 4 rows and has 1.'],
		],
		['just half of the workflows is gone', n8n(), n8n({ 'public.workflow_entity': 6 }), []],
		[
			'more than half of the workflows is gone',
			n8n(),
			n8n({ 'public.workflow_entity': 5 }),
			['public.workflow_entity had 12 rows and has 5.'],
		],
		['its executions were pruned', n8n(), n8n({ 'public.execution_entity': 3 }), []],
		[
			'a table whose name is quoted is empty',
			n8n(),
			n8n({ 'public."user"': 0 }),
			['public.user had 2 rows and has 0.'],
		],
		[
			'a table that matters is not there any more',
			n8n(),
			dump(withoutTable),
			[
				'public.user had 2 rows and is not in it any more.',
				'public.project had 2 rows and is not in it any more.',
			],
		],
		[
			'n8n’s tables have a prefix and a schema',
			dump({
				'"my-n8n".prod_workflow_entity': 9,
				'"my-n8n".prod_credentials_entity': 2,
				'"my-n8n".prod_user': 1,
			}),
			dump({
				'"my-n8n".prod_workflow_entity': 0,
				'"my-n8n".prod_credentials_entity': 2,
				'"my-n8n".prod_user': 1,
			}),
			['my-n8n.prod_workflow_entity had 9 rows and has 0.'],
		],
		[
			'an empty n8n stays empty',
			n8n({ 'public.workflow_entity': 0 }),
			n8n({ 'public.workflow_entity': 0 }),
			[],
		],
		['it grew', n8n(), n8n({ 'public.workflow_entity': 120 }), []],
		[
			'another database lost most rows and bytes',
			dump({ 'public.orders': 1000 }, 90_000),
			dump({ 'public.orders': 10 }, 9_000),
			['The database had 1000 rows in 90000 bytes and has 10 in 9000.'],
		],
		[
			'another database lost most rows, but not bytes',
			dump({ 'public.orders': 1000 }),
			dump({ 'public.orders': 10 }),
			[],
		],
		[
			'another database lost bytes, but not rows',
			dump({ 'public.orders': 1000 }),
			dump({ 'public.orders': 1000 }, 1_000),
			[],
		],
		[
			'another database is empty',
			dump({ 'public.orders': 1000 }),
			dump({ 'public.orders': 0 }, 90_000),
			['The database had 1000 rows in 100000 bytes and has 0 in 90000.'],
		],
		['a database without a row has none again', dump({}), dump({}), []],
		[
			'an archive’s n8n is empty',
			archive(50, 9000, [database(sqlite)]),
			archive(50, 9000, [database(withoutWorkflows)]),
			['workflow_entity in database.sqlite had 5 rows and has 0.'],
		],
		[
			'an archive’s n8n has lost its database',
			archive(50, 9000, [database(sqlite)]),
			archive(49, 800, []),
			[
				'workflow_entity in database.sqlite had 5 rows and is not in it any more.',
				'credentials_entity in database.sqlite had 2 rows and is not in it any more.',
				'user in database.sqlite had 1 row and is not in it any more.',
			],
		],
		[
			'an archive’s n8n pruned its binary data',
			archive(5000, 9_000_000, [database(sqlite)]),
			archive(50, 9000, [database(sqlite)]),
			[],
		],
		[
			'nobody looked into the databases this time',
			archive(50, 9000, [database(sqlite)]),
			archive(50, 9000),
			[],
		],
		[
			'a directory lost most files and bytes',
			archive(50, 9000, []),
			archive(20, 900, []),
			['The directory had 50 entries with 9000 bytes and has 20 with 900.'],
		],
		['a directory lost one large file', archive(50, 9000), archive(49, 900), []],
		['a directory lost most of many empty files', archive(50, 9000), archive(10, 8900), []],
		[
			'a directory is empty',
			archive(50, 9000),
			archive(1, 0),
			['The directory had 50 entries with 9000 bytes and has 1 with 0.'],
		],
		['a directory of one file is empty', archive(2, 10), archive(1, 0), []],
		['Redis is empty', redis(1000), redis(0), []],
		['another kind of census is unknown', n8n(), { census: { kind: 'unknown' }, rawBytes: 0 }, []],
	])('says what it lost: %s', (_, before, after, lost) => {
		expect(findShrinkage(before, after).lost).toEqual(lost);
	});

	it('only warns of a Redis that has lost its keys, since a queue may be worked off', () => {
		expect(findShrinkage(redis(1000), redis(0))).toEqual({
			lost: [],
			warnings: [
				'Redis had 1000 keys in the backup before and has 0; that is right where it is a queue that was worked off.',
			],
		});
		for (const after of [redis(900), redis(undefined)])
			expect(findShrinkage(redis(1000), after).warnings).toEqual([]);
	});
});
