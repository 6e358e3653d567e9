import { nextAppendOnlySet } from '../../../../core/redis/restore/appendOnlySet';

describe('The append-only set that takes the place of another', () => {
	it('has a higher number than every file before, all of which become history', () => {
		const before =
			'file appendonly.aof.4.base.rdb seq 4 type b\n' +
			'file appendonly.aof.8.incr.aof seq 8 type h\n' +
			'file appendonly.aof.9.incr.aof seq 9 type i startoffset 12\n';
		expect(nextAppendOnlySet('appendonly.aof', before)).toEqual({
			base: 'appendonly.aof.10.base.rdb',
			increment: 'appendonly.aof.10.incr.aof',
			manifest:
				'file "appendonly.aof.10.base.rdb" seq 10 type b\n' +
				'file appendonly.aof.4.base.rdb seq 4 type h\n' +
				'file appendonly.aof.8.incr.aof seq 8 type h\n' +
				'file appendonly.aof.9.incr.aof seq 9 type h startoffset 12\n' +
				'file "appendonly.aof.10.incr.aof" seq 10 type i\n',
		});
	});

	it('starts with 1 where there was none, and quotes odd names', () => {
		expect(nextAppendOnlySet('a "b"').manifest).toBe(
			'file "a \\"b\\".1.base.rdb" seq 1 type b\nfile "a \\"b\\".1.incr.aof" seq 1 type i\n',
		);
	});
});
