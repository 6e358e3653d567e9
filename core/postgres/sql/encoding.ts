/** PostgreSQL's names of encodings that Node knows under another name. */
const labels: Record<string, string> = {
	LATIN1: 'iso-8859-1',
	LATIN2: 'iso-8859-2',
	LATIN3: 'iso-8859-3',
	LATIN4: 'iso-8859-4',
	LATIN5: 'windows-1254',
	LATIN6: 'iso-8859-10',
	LATIN7: 'iso-8859-13',
	LATIN8: 'iso-8859-14',
	LATIN9: 'iso-8859-15',
	LATIN10: 'iso-8859-16',
	ISO_8859_5: 'iso-8859-5',
	ISO_8859_6: 'iso-8859-6',
	ISO_8859_7: 'iso-8859-7',
	ISO_8859_8: 'iso-8859-8',
	KOI8R: 'koi8-r',
	KOI8U: 'koi8-u',
	EUC_CN: 'gbk',
	EUC_JP: 'euc-jp',
	EUC_KR: 'euc-kr',
};

/** The encoding that a statement `SET client_encoding = '…';` switches to; undefined for any other statement. */
export function encodingSetting(statement: Buffer): string | undefined {
	if (statement.length > 100) return undefined;
	return /^SET\s+client_encoding\s*=\s*'([^']+)'\s*;$/i.exec(statement.toString('latin1'))?.[1];
}

/**
 * Text of a dump in one of PostgreSQL's encodings. Those that Node does not know are read as UTF-8, which is
 * right for their ASCII.
 */
export function decodeText(text: Buffer, encoding: string): string {
	const windows = /^WIN(\d+)$/.exec(encoding);
	const label = labels[encoding] ?? (windows ? `windows-${windows[1]}` : 'utf-8');
	return new TextDecoder(label).decode(text);
}
