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

	it('nested deeper than any server nests them are refused', () => {
		const nested = (times: number) => Buffer.from(`${'*1\r\n'.repeat(times)}:1\r\n`);
		expect(parse(nested(3))).toEqual([[[[1]]]]);
		expect(() => parse(nested(20_000))).toThrow(ProtocolError);
	});

	it('longer than any command gets are refused wherever they are cut', () => {
		const long = Buffer.from(`$${9 * 1024 * 1024}\r\n${'x'.repeat(9 * 1024 * 1024)}\r\n`);
		expect(() => parse(long)).toThrow(ProtocolError);
		expect(() => parse(long.subarray(0, -4))).toThrow(ProtocolError);
	});

	it('in many pieces cost no more than in one', () => {
		const items = 400_000;
		const long = Buffer.from(`*${items}\r\n${':12345\r\n'.repeat(items)}+${'x'.repeat(1_000_000)}\r\n`);
		const pieces = Array.from({ length: Math.ceil(long.length / 97) }, (_, at) =>
			long.subarray(at * 97, (at + 1) * 97),
		);
		// As long as it takes to parse it once; once a piece took hours.
		expect(parse(...pieces)).toEqual([Array<number>(items).fill(12345), 'x'.repeat(1_000_000)]);
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
