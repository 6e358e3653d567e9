import type { N8nHistory } from '../../../artifact';
import { hasCode } from '../../../errors';
import { historyQuestion, historyTables, parseHistory } from '../../n8nHistory';
import type { DumpScope } from './dumpScope';
import { findN8n } from './n8nTables';

/**
 * How far the n8n in a database is migrated. Undefined where there is none, or several, or it cannot be found out: no
 * backup is worse for that.
 */
export async function askForHistory(
	ask: (question: string) => Promise<string[]>,
	scope: DumpScope,
): Promise<N8nHistory | undefined> {
	const [n8n, ...others] = findN8n(scope);
	if (!n8n || others.length > 0 || !n8n.has(historyTables.migrations)) return undefined;
	try {
		const question = historyQuestion(n8n, { hasVersions: n8n.has(historyTables.versions) });
		const [line] = await ask(question);
		const { names: _, ...history } = (line === undefined ? undefined : parseHistory(line)) ?? {};
		return 'lastMigration' in history ? history : undefined;
	} catch (error) {
		if (hasCode(error, 'cancelled')) throw error;
		return undefined;
	}
}
