import { parseCliReply } from '../../../../core/redis/protocol/cliReply';
import { ReplyError } from '../../../../core/redis/protocol/resp';

describe('What redis-cli --no-raw prints', () => {
	it.each([
		['(integer) 1795449394\n', 1_795_449_394],
		['(nil)\n', null],
		['OK\n', 'OK'],
		['Background saving started\n', 'Background saving started'],
		['(error) NOAUTH Authentication required.\n', new ReplyError('NOAUTH Authentication required.')],
		['1) "dir"\n2) "/data"\n', ['dir', '/data']],
		['(empty array)\n', []],
		['(empty list or set)\n', []],
		['# Persistence\r\nloading:0\r\n', '# Persistence\r\nloading:0\r'],
	])('is read as the reply that it shows: %j', (text, reply) => {
		expect(parseCliReply(text)).toEqual(reply);
	});

	it('has every byte of a text in it, quoted or not', () => {
		const shown = String.raw`1) "a\"b\\c\n\t\xc3\xa4\x00"`;
		expect(parseCliReply(`${shown}\n`)).toEqual(['a"b\\c\n\tä\0']);
	});

	it('aligns the numbers of long lists', () => {
		const lines = Array.from({ length: 10 }, (_, i) => `${String(i + 1).padStart(2)}) "${i}"`);
		expect(parseCliReply(lines.join('\n'))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
	});
});
