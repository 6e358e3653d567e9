import {
	encodeCommand,
	ProtocolError,
	ReplyError,
	RespParser,
	type Reply,
} from '../../../../core/redis/protocol/resp';

const answers = Buffer.from(
	'+OK\r\n' +
		'-NOAUTH Authentication required.\r\n' +
		':1795448340\r\n' +
		'$10\r\nzwölf\r\nab\r\n' +
		'$0\r\n\r\n' +
		'$-1\r\n' +
		'*3\r\n$3\r\ndir\r\n*0\r\n:-7\r\n' +
		'*-1\r\n',
);
const expected: Reply[] = [
	'OK',
	new ReplyError('NOAUTH Authentication required.'),
	1795448340,
	'zwölf\r\nab',
	'',
	null,
	['dir', [], -7],
	null,
];

function parse(...chunks: Buffer[]): Reply[] {
	const parser = new RespParser();
	const replies: Reply[] = [];
	for (const chunk of chunks) {
		parser.push(chunk);
		for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
	}
	return replies;
}

describe('Answers of the server', () => {
	it('are the same wherever the network cuts them', () => {
		for (let cut = 0; cut <= answers.length; cut++) {
			expect(parse(answers.subarray(0, cut), answers.subarray(cut))).toEqual(expected);
		}
	});

	it('are the same byte by byte', () => {
		expect(parse(...Array.from(answers, (byte) => Buffer.from([byte])))).toEqual(expected);
	});

	it('that are errors tell their kind', () => {
		expect(new ReplyError('WRONGPASS invalid username-password pair').kind).toBe('WRONGPASS');
	});

	it('in another protocol are refused', () => {
		expect(() => parse(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toThrow(ProtocolError);
		expect(() => parse(Buffer.from('$abc\r\n'))).toThrow(ProtocolError);
	});

	it('leave what follows them to whoever takes over', () => {
		const parser = new RespParser();
		parser.push(Buffer.from('+OK\r\n\n\n$5'));
		expect(parser.next()).toBe('OK');
		expect(parser.takeRest().toString()).toBe('\n\n$5');
	});
});

describe('Commands', () => {
	it('are arrays of byte-counted strings', () => {
		expect(encodeCommand(['AUTH', 'Zoë', 'p\r\nq']).toString()).toBe(
			'*3\r\n$4\r\nAUTH\r\n$4\r\nZoë\r\n$4\r\np\r\nq\r\n',
		);
	});
});
