import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../scripts/lib/paths.ts';
import { keptFolder } from '../kept.ts';

const run = promisify(execFile);

/** PEM */
interface Authority {
	ca: string;
	certificate: string;
	key: string;
}

/** The host that n8n asks for packages, and no other one without a licence. */
export const registryHost = 'registry.npmjs.org';

/** An authority that the images trust, and the certificate that it gave to {@link registryHost}. Made once, kept in .cache/. */
export async function authority(): Promise<Authority> {
	const folder = join(cacheDirectory, 'docker', 'authority');
	await keptFolder(folder, make);
	const text = async (name: string) => await readFile(join(folder, name), 'utf8');
	return { ca: await text('ca.crt'), certificate: await text('server.crt'), key: await text('server.key') };
}

async function make(folder: string): Promise<void> {
	const openssl = (command: string) => run('openssl', command.split(' '), { cwd: folder });
	const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
	await openssl(`req -x509 ${newKey} -keyout ca.key -out ca.crt -subj /CN=Lab -days 3650`);
	await openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=${registryHost}`);
	await writeFile(join(folder, 'server.ext'), `subjectAltName=DNS:${registryHost}\n`);
	await openssl(
		'x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile server.ext -out server.crt',
	);
	// What could sign for any host is not kept.
	await rm(join(folder, 'ca.key'));
}
