import type { DatabaseProperties, N8nHistory, PostgresCensus } from '../../../artifact';
import { BackupError, errorMessage } from '../../../errors';
import { parseProperties, propertiesQuestion, withoutSecrets } from '../../databaseProperties';
import type { DumpRequest } from '../dumpRequest';
import { assertDefinitionsKept } from './definitions';
import { DumpScope } from './dumpScope';
import { type Dependency, dependencyQuestion, describeLacking } from './lacking';
import { assertNoTableMissing, quotedName } from './missingTables';
import { askForHistory } from './n8nHistory';
import { describeForeign } from './n8nTables';
import { surveyQuestion, type SurveyLine } from './questions';
import { danglingTables } from './references';
import { assertAllRowsSeen } from './rowSecurity';
import { assertNamesMatch } from './unmatched';

/** Asks the database that is dumped a question whose answer is lines of JSON. */
export type Ask = (question: string) => Promise<string[]>;

/** How questions are asked before the dump, and after it. */
export interface Asking {
	before: Ask;
	after: Ask;
}

/** What was found out about a database before it is dumped. */
export interface Survey {
	/** The request as pg_dump gets it: with the tables whose rows are left out because others' are. */
	request: DumpRequest;
	/** Of the database, for a restore into a new one. */
	properties: DatabaseProperties | undefined;
	/** Of the database on the server’s disk. */
	databaseBytes: number | undefined;
	/** Of the only n8n in it. */
	n8n: N8nHistory | undefined;
	/** What whoever restores the dump should know. */
	warnings: string[];
	/**
	 * Asks once more, after the dump, and compares with what was dumped.
	 *
	 * @returns what could not be found out
	 * @throws BackupError `incomplete` when a table is missing, or a definition was changed meanwhile
	 */
	check(census: PostgresCensus): Promise<string[]>;
}

/**
 * Looks at a database before it is dumped: whether each pattern of the request means something, which tables refer to
 * rows that are left out, what a dump of chosen parts lacks, and which tables the dump must hold.
 *
 * @param place where it is, for messages: `PostgreSQL at db:5432`
 * @throws BackupError `bad-parameter` for a pattern that matches nothing, `not-permitted` where row security hides rows;
 *   whatever asking throws
 */
export async function surveyDatabase(
	{ before: ask, after }: Asking,
	place: string,
	request: DumpRequest,
): Promise<Survey> {
	const [properties] = (await ask(propertiesQuestion())).map(parseProperties).map(withoutSecrets);
	const question = surveyQuestion(request.selection, { withSize: true });
	const found = await askForScope(ask, question, request);
	const unmatched = assertNamesMatch(found, request.database, request.unmatchedExclusions ?? 'fail');
	const followed = await followReferences(ask, request, found);
	const { scope } = followed;
	assertAllRowsSeen(scope, request.database);
	const lacking = scope.isPartial ? describeLacking(scope, await askForDependencies(ask, scope)) : [];
	const foreign = request.expectN8n ? describeForeign(scope, request.database, place) : [];
	return {
		request: followed.request,
		properties,
		databaseBytes: found.databaseBytes,
		n8n: await askForHistory(ask, scope),
		warnings: [...foreign, ...unmatched, ...followed.warnings, ...lacking],
		check: async (census) => {
			const later = await askAgain(after, surveyQuestion(followed.request.selection), followed.request);
			if (typeof later === 'string') return [later];
			assertNoTableMissing(request.database, { before: scope, after: later }, census);
			assertDefinitionsKept(request.database, { before: scope, after: later });
			return [];
		},
	};
}

async function askForScope(ask: Ask, question: string, { selection }: DumpRequest): Promise<DumpScope> {
	const lines = await ask(question);
	return new DumpScope(
		selection,
		lines.map((line) => JSON.parse(line) as SurveyLine),
	);
}

async function askForDependencies(ask: Ask, scope: DumpScope): Promise<Dependency[]> {
	return (await ask(dependencyQuestion(scope))).map((line) => JSON.parse(line) as Dependency);
}

/** The dump is whole by its own word; that nobody could be asked makes it no worse. */
async function askAgain(ask: Ask, question: string, request: DumpRequest): Promise<DumpScope | string> {
	try {
		return await askForScope(ask, question, request);
	} catch (error) {
		if (error instanceof BackupError && error.code === 'cancelled') throw error;
		return `Whether each table is in the dump could not be compared with the server: ${errorMessage(error)}`;
	}
}

interface Followed {
	request: DumpRequest;
	scope: DumpScope;
	warnings: string[];
}

async function followReferences(ask: Ask, request: DumpRequest, scope: DumpScope): Promise<Followed> {
	const dangling = danglingTables(scope);
	if (dangling.length === 0) return { request, scope, warnings: [] };
	const names = dangling.map(({ schema, name }) => `${schema}.${name}`).join(', ');
	if (request.followReferences === false) {
		const warning = `Rows of ${names} refer to rows that are left out: their foreign keys will fail when this is restored`;
		return { request, scope, warnings: [warning] };
	}
	const excludeTableData = [...(request.selection.excludeTableData ?? []), ...dangling.map(quotedName)];
	const selection = { ...request.selection, excludeTableData };
	const followed = { ...request, selection };
	return {
		request: followed,
		scope: await askForScope(ask, surveyQuestion(selection), followed),
		warnings: [`Rows of ${names} are left out, too, because they refer to rows that are left out`],
	};
}
