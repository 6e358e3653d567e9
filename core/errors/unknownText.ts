import { isUtf8 } from 'node:buffer';

const latin1 = new TextDecoder('windows-1252');

/**
 * Text of a program that does not say its encoding: pg_dump passes on what a server says in the database's. Each piece
 * beyond ASCII is UTF-8 where it can be, else Latin 1 as the web reads it.
 */
export function unknownText(bytes: Buffer): string {
	if (isUtf8(bytes)) return bytes.toString('utf8');
	return bytes.toString('latin1').replace(/[\x80-\xff]+/g, (characters) => {
		const piece = Buffer.from(characters, 'latin1');
		return isUtf8(piece) ? piece.toString('utf8') : latin1.decode(piece);
	});
}
