import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
	/** PEM */
	ca: string;
	/** PEM, for the user. */
	clientCertificate: { certificate: string; key: string };
}

/** A throw-away authority, and certificates that it signed for the server and for the user. */
export async function makeCertificates({
	home,
	dataDir,
	user,
	owner,
}: {
	/** Where to work; the server's own part goes to its data directory. */
	home: string;
	dataDir: string;
	/** The user that the client's certificate names. */
	user: string;
	/** The user that the server runs as, where it is somebody else. */
	owner: { uid: number; gid: number } | undefined;
}): Promise<Certificates> {
	const folder = join(home, 'certificates');
	await mkdir(folder);
	const openssl = (command: string) => run('openssl', command.split(' '), { cwd: folder });
	const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
	await openssl(`req -x509 ${newKey} -keyout ca.key -out ca.crt -subj /CN=TestCA -days 7`);
	const sign = async (name: string, subject: string, extensions: string) => {
		await writeFile(join(folder, `${name}.ext`), extensions);
		await openssl(`req ${newKey} -keyout ${name}.key -out ${name}.csr -subj ${subject}`);
		const authority = '-CA ca.crt -CAkey ca.key -CAcreateserial';
		await openssl(`x509 -req -in ${name}.csr ${authority} -days 7 -extfile ${name}.ext -out ${name}.crt`);
	};
	await sign('server', '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
	await sign('client', `/CN=${user}`, 'extendedKeyUsage=clientAuth\n');
	const text = (name: string) => readFile(join(folder, name), 'utf8');
	for (const name of ['server.key', 'server.crt', 'ca.crt']) {
		const path = join(dataDir, name);
		await writeFile(path, await text(name), { mode: 0o600 });
		if (owner) await chown(path, owner.uid, owner.gid);
	}
	const clientCertificate = { certificate: await text('client.crt'), key: await text('client.key') };
	return { ca: await text('ca.crt'), clientCertificate };
}
