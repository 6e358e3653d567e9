import { lastServerFault } from '../../../../../core/postgres/dump/builtIn/serverFault';

function message(type: string, body: Buffer | string): Buffer {
	const bytes = Buffer.from(body);
	const head = Buffer.alloc(5);
	head.write(type);
	head.writeInt32BE(4 + bytes.length, 1);
	return Buffer.concat([head, bytes]);
}

const fields = (texts: Record<string, string>) =>
	`${Object.entries(texts)
		.map(([letter, text]) => `${letter}${text}\0`)
		.join('')}\0`;

const denied = message(
	'E',
	fields({ S: 'FEHLER', V: 'ERROR', C: '42501', M: 'keine Berechtigung für Tabelle t' }),
);
const ready = message('Z', 'E');
const row = (bytes: Buffer | string) => message('d', bytes);

test('the error that a server gave up with is read, whatever came before', () => {
	const sent = Buffer.concat([Buffer.from([1, 2, 3]), row('1\tE\n'), denied, ready]);
	expect(lastServerFault(sent)).toMatchObject({
		sqlState: '42501',
		message: 'keine Berechtigung für Tabelle t',
	});
});

test('detail and hint come along', () => {
	const sent = message('E', fields({ S: 'ERROR', C: '23505', M: 'x', D: 'Key (a)=(1)', H: 'Ask.' }));
	expect(lastServerFault(sent)).toEqual({
		sqlState: '23505',
		message: 'x',
		detail: 'Key (a)=(1)',
		hint: 'Ask.',
	});
});

test('of two errors the last counts', () => {
	const fatal = message('E', fields({ S: 'FATAL', C: '57P01', M: 'y' }));
	expect(lastServerFault(Buffer.concat([denied, fatal]))?.sqlState).toBe('57P01');
});

test.each<[string, Buffer]>([
	['nothing', Buffer.alloc(0)],
	['rows with the bytes of an error in them', Buffer.concat([row(denied), row('2\n'), ready])],
	['an error that was got over', Buffer.concat([denied, ready, row('1\n')])],
	['an error that is cut off', denied.subarray(0, -3)],
	['an error without a code', message('E', fields({ S: 'ERROR', M: 'x' }))],
	['rows that end in the letter', row('EEEEE')],
	['a length beyond the end', Buffer.from('E\x7f\xff\xff\xff', 'latin1')],
	['a length of nothing', Buffer.from('E\0\0\0\0', 'latin1')],
])('%s is no error that a server gave up with', (_name, sent) => {
	expect(lastServerFault(sent)).toBeUndefined();
});
