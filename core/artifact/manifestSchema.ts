import { z } from 'zod/v4';
import { components, engineNames } from './component';
import { compressionMethods } from '../compression/compression';
import type { Manifest } from './manifest';

const inWords = (field: string, problem: string) => `its field ${field} is wrong (${problem})`;

/** Ends a check. */
class FirstProblem extends Error {
	/** The field that holds the list. */
	readonly list: string;
	/** What each of its values has to be. */
	readonly item: z.ZodType;

	constructor(list: string, item: z.ZodType) {
		super(`A value of ${list} is wrong`);
		this.list = list;
		this.item = item;
	}
}

/** The version of the schema that this package writes. */
export const schemaVersion = 1;

/**
 * Each value of a list, which may be long: the first that is wrong ends the check. Zod would go on and keep what is wrong
 * with each, and a manifest of one megabyte can have half a million of them.
 *
 * @param list the field that holds it, for people
 */
const each = <Item extends z.ZodType>(list: string, item: Item) =>
	item.catch(() => {
		throw new FirstProblem(list, item);
	});

const count = z.int().nonnegative();
const date = z.iso.datetime({ offset: true });
const checkRecord = (field: string) =>
	z.looseObject({
		at: date,
		result: z.enum(['passed', 'failed']),
		findings: z.array(each(`${field}.findings`, z.string())),
	});

const copy = z.looseObject({
	place: z.string(),
	at: date,
	lastSeenAt: date,
	prunedAt: date.optional(),
});

const n8nHistory = z.looseObject({
	version: z.string().optional(),
	lastMigration: z.string(),
	migrations: count,
});

const sqliteDatabase = z.looseObject({
	path: z.string(),
	check: z.enum(['passed', 'unchecked']),
	tables: z.record(z.string(), each('census.databases.tables', count)).optional(),
	n8n: n8nHistory.optional(),
});

const census = z.discriminatedUnion('kind', [
	z.looseObject({
		kind: z.literal('postgres'),
		tables: z.record(z.string(), each('census.tables', count)),
		rows: count,
		largeObjects: count.optional(),
	}),
	z.looseObject({
		kind: z.literal('tar'),
		entries: count,
		bytes: count,
		skipped: count,
		changed: z.array(each('census.changed', z.string())),
		vanished: z.array(each('census.vanished', z.string())),
		sqlite: z.array(each('census.sqlite', z.string())),
		databases: z.array(each('census.databases', sqliteDatabase)).optional(),
	}),
	z.looseObject({
		kind: z.literal('redis'),
		keys: count.optional(),
		rdbVersion: count,
		checksum: z.enum(['verified', 'absent']),
	}),
	z.looseObject({ kind: z.literal('file') }),
]);

const grant = z.looseObject({
	grantee: z.string().optional(),
	privilege: z.string().regex(/^[A-Z ]+$/),
	grantable: z.boolean(),
});

const setting = z.looseObject({ role: z.string().optional(), name: z.string(), value: z.string() });

const properties = z.looseObject({
	owner: z.string(),
	encoding: z.string(),
	collate: z.string(),
	ctype: z.string(),
	localeProvider: z.enum(['icu', 'builtin']).optional(),
	locale: z.string().optional(),
	icuRules: z.string().optional(),
	tablespace: z.string().optional(),
	connectionLimit: z.int(),
	comment: z.string().optional(),
	grants: z.array(each('source.properties.grants', grant)).optional(),
	settings: z.array(each('source.properties.settings', setting)),
});

const source = z.looseObject({
	host: z.string().optional(),
	port: z.int().optional(),
	database: z.string().optional(),
	serverVersion: z.string().optional(),
	properties: properties.optional(),
	n8n: n8nHistory.optional(),
	container: z.string().optional(),
	volume: z.string().optional(),
	path: z.string().optional(),
});

/** What an artifact cannot be judged without. */
const essential = {
	schemaVersion: z.int().positive(),
	component: z.enum(components),
	artifact: z.string().refine(isFileName, 'It is no file name'),
	storedBytes: count,
	rawBytes: count,
	sha256: z.stringFormat('sha256', /^[0-9a-f]{64}$/),
	startedAt: date,
	compression: z.enum(compressionMethods),
	// Essential: nobody can judge what they cannot open.
	encryption: z
		.looseObject({
			format: z.literal('age'),
			recipients: z.array(each('encryption.recipients', z.string())),
			passphrase: z.literal(true).optional(),
		})
		.optional(),
	instanceId: z.string().min(1).optional(),
	verification: checkRecord('verification').optional(),
	shrunk: z
		.looseObject({
			before: z.string(),
			lost: z.array(each('shrunk.lost', z.string())),
			acceptedAt: date.optional(),
		})
		.optional(),
};

/** What a newer version may write otherwise without the artifact becoming unknown to us. */
const further = {
	finishedAt: date,
	timeZone: z.string(),
	source,
	engine: z.looseObject({ name: z.enum(engineNames), version: z.string() }),
	census,
	warnings: z.array(each('warnings', z.string())),
	encryptionKey: z.enum(['found', 'missing']).optional(),
	n8nVersion: z.string().optional(),
	packageVersion: z.string(),
	drill: checkRecord('drill').optional(),
	copies: z.array(each('copies', copy)).optional(),
};

// A field that is new in Manifest does not compile before it is checked here.
const fields = { ...essential, ...further } satisfies Record<keyof Manifest, z.ZodType>;

/** Every field of a manifest, for whoever documents them. */
export const manifestFields = z.looseObject(fields);
const whole = manifestFields;
const leastOfAll = z.looseObject(essential);

/** What stands in place of a field that this version does not understand in a newer version's manifest. */
const notUnderstood: Record<keyof typeof further, unknown> = {
	finishedAt: undefined,
	timeZone: 'utc',
	source: {},
	engine: { name: 'unknown', version: 'unknown' },
	census: { kind: 'unknown' },
	warnings: [],
	encryptionKey: undefined,
	n8nVersion: undefined,
	packageVersion: 'unknown',
	drill: undefined,
	copies: undefined,
};

export type ManifestCheck = { manifest: Manifest; problem?: never } | { manifest?: never; problem: string };

/**
 * Looks at every field of what was read as a manifest. Fields that we do not know stay as they are. Of a newer
 * version's manifest what we know and understand is taken; the rest counts as not said.
 */
export function checkManifest(value: unknown): ManifestCheck {
	const problem = problemOf(whole, value);
	// The value itself, not Zod's copy: a copy would give a key `__proto__` its meaning.
	if (problem === undefined) return { manifest: value as Manifest };
	const essentialProblem = problemOf(leastOfAll, value);
	if (essentialProblem !== undefined) return { problem: essentialProblem };
	const known = value as Record<string, unknown> & { schemaVersion: number };
	if (known.schemaVersion <= schemaVersion) return { problem };
	return { manifest: understood(known) };
}

function understood(value: Record<string, unknown>): Manifest {
	const manifest = { ...value };
	for (const [name, schema] of Object.entries(further)) {
		if (problemOf(schema, value[name]) === undefined) continue;
		manifest[name] = notUnderstood[name as keyof typeof further];
	}
	manifest.finishedAt ??= value.startedAt;
	return manifest as unknown as Manifest;
}

/** The first that is wrong with a value, in words. */
function problemOf(schema: z.ZodType, value: unknown): string | undefined {
	try {
		const { error } = schema.safeParse(value);
		return error && describe(error);
	} catch (error) {
		if (error instanceof FirstProblem) return describeFirst(error, value);
		throw error;
	}
}

/** Zod does not say which value it was at. */
function describeFirst({ list, item }: FirstProblem, manifest: unknown): string {
	for (const [path, value] of listedValues(manifest, list.split('.'))) {
		const [issue] = item.safeParse(value).error?.issues ?? [];
		if (issue) return inWords([...path, ...issue.path].join('.'), issue.message);
	}
	return inWords(list, 'one of its values');
}

/** Each value of a list, and where it stands. The fields that lead to it may lie in lists themselves. */
function* listedValues(
	within: unknown,
	[field, ...further]: string[],
	path: string[] = [],
): Generator<[path: string[], value: unknown]> {
	if (typeof within !== 'object' || within === null) return;
	for (const [name, value] of Object.entries(within)) {
		const place = [...path, name];
		if (field === undefined) yield [place, value];
		else if (Array.isArray(within)) yield* listedValues(value, [field, ...further], place);
		else if (name === field) yield* listedValues(value, further, place);
	}
}

function describe({ issues }: z.ZodError): string {
	const [first] = issues;
	if (!first || first.path.length === 0) return 'it is not an object';
	return inWords(first.path.join('.'), first.message);
}

/** A name that stays in its directory. */
function isFileName(name: string): boolean {
	return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}
