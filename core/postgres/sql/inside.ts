/** What the bytes at the present position are inside of. */
export type Inside =
	| 'statement'
	| 'word'
	| 'number'
	| 'dollar-tag'
	| 'line-comment'
	| 'block-comment'
	| 'string'
	| 'escape-string'
	| 'quoted-identifier'
	| 'dollar-quote'
	| 'psql-command'
	| 'copy-line'
	| 'copy-rows';
