/**
 * Time-outs and the like that a role or a database may have been given for its applications (ALTER ROLE … SET). In a
 * backup or a restore they only break off work that takes its time. And JIT: what is asked of the catalogs of ten thousand
 * tables is compiled for longer than it saves.
 */
const undone: Record<string, string> = {
	lock_timeout: '0',
	idle_in_transaction_session_timeout: '0',
	idle_session_timeout: '0',
	transaction_timeout: '0',
	default_transaction_read_only: 'off',
	jit: 'off',
};

const values = Object.entries(undone).map(([name, value]) => `('${name}', '${value}')`);

/** Switches off for this session whatever of these the server knows. */
export const undoTimeouts = `SET statement_timeout = 0;
SELECT pg_catalog.set_config(undone.name, undone.value, false)
FROM (VALUES ${values.join(', ')}) AS undone (name, value)
JOIN pg_catalog.pg_settings AS known ON known.name = undone.name AND known.setting <> undone.value`;
