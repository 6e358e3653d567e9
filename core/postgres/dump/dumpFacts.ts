import type { DatabaseProperties, EngineName, N8nHistory, SourceFacts } from '../../artifact';
import type { DumpInspection } from '../census';
import type { DumpRequest } from './dumpRequest';

export interface FinishedDump {
	engine: EngineName;
	request: DumpRequest;
	inspection: DumpInspection;
	/** Undefined where the server did not say. */
	properties: DatabaseProperties | undefined;
	/** Undefined where no n8n is in it, or several. */
	n8n: N8nHistory | undefined;
	/** What was found out before, and what pg_dump said although it succeeded. */
	warnings: string[];
	/** Where it came from: host and port, or a container. */
	place: { host?: string; port?: number; container?: string };
}

/** The facts of a whole dump, the same for every engine. */
export function dumpFacts({
	engine,
	request,
	inspection,
	properties,
	n8n,
	warnings,
	place,
}: FinishedDump): SourceFacts {
	const isEmpty = inspection.definedTables === 0;
	return {
		source: {
			...place,
			database: request.database,
			serverVersion: inspection.serverVersion,
			properties,
			...(n8n && { n8n }),
		},
		engine: { name: engine, version: `pg_dump ${inspection.pgDumpVersion ?? 'of an unknown version'}` },
		census: inspection.census,
		warnings: isEmpty ? [...warnings, `The dump of “${request.database}” holds no tables`] : warnings,
	};
}
