import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RdbInspector } from '../../../../core/redis/rdb/rdbInspector';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { aux, byte, key, length, rdb, selectDb, string } from './rdbBuilder';

const run = promisify(execFile);
const directory = temporaryDirectory();

const keys = [selectDb(0), key(0, 'a', string('b')), key(1, 'list', length(1), string('c'))];

/** Files without checksum: only their structure can say that they are whole. */
const files: Array<[what: string, parts: Buffer[]]> = [
	['that is whole', keys],
	['with facts and several databases', [aux('redis-ver', '7.0.15'), ...keys, selectDb(3), ...keys.slice(1)]],
	['with an unknown type in its middle', [...keys, key(99, 'new', string('?')), key(0, 'c', string('d'))]],
	['with an unknown type as its last key', [...keys, key(42, 'new', string('?'))]],
	['with an unknown opcode', [...keys, byte(243), string('?')]],
	['with a string longer than the file', [...keys, key(0, 'a', length(2 ** 31), Buffer.alloc(99))]],
	['with a name longer than any file', [...keys, byte(0), length(2n ** 60n), Buffer.alloc(99)]],
];

function isWhole(bytes: Buffer): boolean {
	const inspector = new RdbInspector();
	inspector.take(bytes);
	try {
		inspector.finish();
		return true;
	} catch {
		return false;
	}
}

describe('Without a checksum, an RDB', () => {
	it.each(files)('%s is judged as redis-check-rdb judges it', async (_, parts) => {
		const bytes = rdb(parts, { checksum: 'zero' });
		const path = join(directory.path(), 'dump.rdb');
		await writeFile(path, bytes);
		const judged = await run('redis-check-rdb', [path]).then(
			() => true,
			() => false,
		);
		expect(isWhole(bytes)).toBe(judged);
	});
});
