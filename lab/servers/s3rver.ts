import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './freePort.ts';
import type { S3Server } from './swift.ts';

const bucket = 'backups';
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts s3rver, which speaks S3 and keeps its objects in a temporary folder. */
export async function startS3rver(): Promise<S3Server> {
	const home = await mkdtemp(join(tmpdir(), 's3rver-'));
	const port = await freePort();
	const program = createRequire(join(process.cwd(), 'package.json')).resolve('s3rver/bin/s3rver.js');
	const args = ['-d', home, '-a', '127.0.0.1', '-p', String(port), '--silent', '--configure-bucket', bucket];
	const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
	running.add(child);
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	const stop = async () => {
		child.kill('SIGKILL');
		await exited;
		running.delete(child);
		await rm(home, { recursive: true, force: true });
	};
	const endpoint = `http://127.0.0.1:${port}`;
	for (let attempt = 0; attempt < 600; attempt++) {
		const answers = await fetch(endpoint).then(
			() => true,
			() => false,
		);
		if (answers) {
			return { endpoint, port, bucket, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', stop };
		}
		await wait(50);
	}
	await stop();
	throw new Error('s3rver did not start');
}
