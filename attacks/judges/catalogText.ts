import type { PostgresServer } from '../../lab/servers/postgres.ts';

const own = `n.nspname !~ '^(?:pg_|information_schema)'`;

/** What a database has, a row each, by names alone: two are the same where these are, in any order. */
const definitions = `
	SET search_path TO '';
	SET quote_all_identifiers TO off;
	SELECT 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relacl::text,
		c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, pg_get_expr(c.relpartbound, c.oid),
		obj_description(c.oid, 'pg_class'), CASE WHEN c.relkind IN ('v', 'm') THEN md5(pg_get_viewdef(c.oid)) END
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${own} AND c.relkind <> 'c' ORDER BY 2, 3, 4;
	SELECT 'column', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
		a.attgenerated, a.attstorage, a.attacl::text, a.attoptions, a.attfdwoptions, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum),
		a.attcollation::regcollation, a.attislocal, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)
		FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
		LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		WHERE ${own} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i' ORDER BY 2, 3, a.attnum;
	SELECT 'constraint', n.nspname, conrelid::regclass, contypid::regtype, conname, convalidated, pg_get_constraintdef(o.oid)
		FROM pg_constraint o JOIN pg_namespace n ON n.oid = connamespace WHERE ${own} AND contype <> 't' ORDER BY 2, 3, 4, 5, 7;
	SELECT 'index', n.nspname, indexrelid::regclass, indisclustered, indisreplident, indisvalid, pg_get_indexdef(indexrelid)
		FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${own} ORDER BY 2, 3::text, 7;
	SELECT 'trigger', tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2::text, 3;
	SELECT 'rule', ev_class::regclass, rulename, ev_enabled, md5(pg_get_ruledef(r.oid)) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
		JOIN pg_namespace n ON n.oid = relnamespace WHERE ${own} ORDER BY 2::text, 3;
	SELECT 'function', p.oid::regprocedure, prokind, pg_get_userbyid(proowner), proacl::text, provolatile, proisstrict, prosecdef, proparallel,
		CASE WHEN prokind <> 'a' THEN md5(pg_get_functiondef(p.oid)) END, obj_description(p.oid, 'pg_proc')
		FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${own} ORDER BY 2::text;
	SELECT 'aggregate', aggfnoid::regprocedure, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, agginitval,
		aggtranstype::regtype FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid JOIN pg_namespace n ON n.oid = pronamespace
		WHERE ${own} ORDER BY 2::text;
	SELECT 'type', t.oid::regtype, typtype, typlen, typbyval, typalign, typstorage, typnotnull, typdefault, typacl::text, typbasetype::regtype,
		(SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
		(SELECT rngsubtype::regtype::text || rngsubdiff::text FROM pg_range WHERE rngtypid = t.oid)
		FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${own} ORDER BY 2::text;
	SELECT 'operator', o.oid::regoperator, oprresult::regtype, oprcode, oprcom::regoperator, oprnegate::regoperator, oprrest, oprjoin,
		oprcanmerge, oprcanhash FROM pg_operator o JOIN pg_namespace n ON n.oid = oprnamespace WHERE ${own} AND oprcode <> 0 ORDER BY 2::text;
	SELECT 'operator class', n.nspname, opcname, amname, opcintype::regtype, opcdefault, opckeytype::regtype FROM pg_opclass
		JOIN pg_namespace n ON n.oid = opcnamespace JOIN pg_am a ON a.oid = opcmethod WHERE ${own} ORDER BY 2, 3, 4;
	SELECT 'cast', castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast ORDER BY 2::text, 3::text;
	SELECT 'policy', polrelid::regclass, polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),
		pg_get_expr(polwithcheck, polrelid) FROM pg_policy ORDER BY 2::text, 3;
	SELECT 'statistics', n.nspname, stxname, md5(pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext s
		JOIN pg_namespace n ON n.oid = stxnamespace ORDER BY 2, 3;
	SELECT 'inherits', inhrelid::regclass, inhparent::regclass, inhseqno FROM pg_inherits ORDER BY 2::text, 4;
	SELECT 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle FROM pg_sequence ORDER BY 2::text;
	SELECT 'schema', nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace n WHERE ${own} ORDER BY 2;
	SELECT 'foreign', srvname, fdwname, srvoptions, fdwoptions FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw ORDER BY 2;
	SELECT 'text search', n.nspname, cfgname FROM pg_ts_config JOIN pg_namespace n ON n.oid = cfgnamespace WHERE ${own} ORDER BY 2, 3;
	SELECT 'publication', pubname, puballtables, pubinsert, pubupdate, pubdelete FROM pg_publication ORDER BY 2;
	SELECT 'event trigger', evtname, evtevent, evtenabled, evttags FROM pg_event_trigger ORDER BY 2;
	SELECT 'collation', n.nspname, collname, collprovider, collcollate FROM pg_collation JOIN pg_namespace n ON n.oid = collnamespace WHERE ${own} ORDER BY 2, 3;
	SELECT 'extension', extname, extversion FROM pg_extension ORDER BY 2;
	SELECT 'large object', m.oid, md5(lo_get(m.oid)), lomacl::text FROM pg_largeobject_metadata m ORDER BY 2;`;

/** Asks for the rows of every table and sequence, a query each. The order of the columns does not matter. */
const rows = `SELECT format(CASE relkind WHEN 'S' THEN 'SELECT ''rows'', %1$L, %2$L, last_value, is_called FROM %2$s;' ELSE
	'SELECT ''rows'', %1$L, %2$L, count(*), md5(string_agg(md5(t::text), $x$,$x$ ORDER BY md5(t::text))) FROM (SELECT %3$s FROM ONLY %2$s) t;' END,
	relkind, c.oid::regclass, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
	WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE ${own} AND relkind IN ('r', 'm', 'S') AND relispopulated AND relpersistence <> 't' ORDER BY c.oid::regclass::text \\gexec`;

/** Everything in a database as its own server describes it, down to a sum over the rows of each table: a line each. */
export async function catalogText(server: PostgresServer, database: string): Promise<string[]> {
	const defined = await server.psql(definitions, { database });
	const filled = await server.psql(`SET search_path TO '';\nSET row_security TO off;\n${rows}`, { database });
	return `${defined}\n${filled}`.split('\n').sort();
}

/**
 * The same without what PostgreSQL itself brings back otherwise: the places of inherited columns, names that it gives to
 * the foreign keys of partitions, an owner's own rights spelt out, and what a materialized view held before it was
 * refreshed.
 */
export function asPostgresRestores(lines: readonly string[]): string[] {
	return lines.flatMap((line) => withoutChanging(line.split('|')) ?? []).sort();
}

function withoutChanging(fields: string[]): string | undefined {
	const [kind = '', second = ''] = fields;
	if (kind === 'rows' && second === 'm') return undefined;
	if (kind === 'column') return fields.slice(0, -1).join('|');
	if (kind === 'constraint' && fields[6]?.startsWith('FOREIGN KEY')) return fields.toSpliced(4, 1).join('|');
	const [owner = '', rights = ''] = kind === 'relation' ? fields.slice(5, 7) : [];
	const isOwnersOwn = new RegExp(`^\\{${owner}=arwdDxtm?/${owner}\\}$`).test(rights);
	return (isOwnersOwn ? fields.with(6, '') : fields).join('|');
}
