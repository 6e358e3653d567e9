import { ReplicaCommands } from '../../../../core/redis/restore/replicaCommands';

const asArrays = '*1\r\n$4\r\nPING\r\n*3\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n';
const asLines = 'PING\r\nREPLCONF capa eof\r\n';
const expected = [['PING'], ['REPLCONF', 'capa', 'eof']];

describe('Commands of a replica', () => {
	it.each([
		['arrays, as since Redis 6.2', asArrays],
		['lines, as before', asLines],
	])('are understood as %s, wherever they are cut', (_, bytes) => {
		for (let cut = 0; cut <= bytes.length; cut++) {
			const commands = new ReplicaCommands();
			const chunks = [bytes.slice(0, cut), bytes.slice(cut)].filter((chunk) => chunk !== '');
			expect(chunks.flatMap((chunk) => commands.push(Buffer.from(chunk)))).toEqual(expected);
		}
	});
});
