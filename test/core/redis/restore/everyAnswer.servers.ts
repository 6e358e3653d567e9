import { createReadStream } from 'node:fs';
import { restoreRdb } from '../../../../core/redis/restore/restoreRdb';
import { builtInSnapshot } from '../../../../core/redis/snapshot/builtInSnapshot';
import { resetWithin, startEndingProxy } from '../../../../lab/servers/endingProxy';
import { cleanUp, connectionTo, digest, fill, info, never, snapshot, start } from '../support';

jest.setTimeout(60_000);
afterEach(cleanUp);

it('A server holds the old data or the new, and says which, when the connection of its restore ends within any answer', async () => {
	const source = await start();
	await fill(source);
	const { path } = await snapshot(builtInSnapshot(connectionTo(source)));
	const backedUp = await digest(source);
	let errors = 0;
	for (let due = 1, isOver = false; !isOver; due++) {
		const target = await start();
		await target.cli('MSET', 'old:1', 'a', 'old:2', 'b');
		const old = await digest(target);
		const proxy = await startEndingProxy(target.port, { due, end: resetWithin });
		let error = '';
		try {
			const connection = { ...connectionTo(target), port: proxy.port };
			const request = {
				openRdb: () => createReadStream(path),
				takeSafetySnapshot: async () => await Promise.resolve('safe'),
			};
			await restoreRdb(connection, request, never);
		} catch (reason) {
			if (!(reason instanceof Error) || reason.name !== 'BackupError') throw reason;
			error = reason.message;
			errors++;
		} finally {
			isOver = proxy.pieces() < due;
			await proxy.stop();
		}
		const now = await digest(target);
		expect({ due, role: await info(target, 'role'), isWhole: [old, backedUp].includes(now) }).toEqual({
			...{ due, role: 'master', isWhole: true },
		});
		if (error === '') expect({ due, isNew: now === backedUp }).toEqual({ due, isNew: true });
		else if (now === backedUp) expect(error).toContain('now holds 283 keys and held 2 before');
		await target.stop();
	}
	expect(errors).toBeGreaterThan(5);
});
