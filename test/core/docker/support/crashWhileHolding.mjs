// Holds a container still and is then killed, as n8n may be. Prints "held" when it is time.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [, , compiledCore, socketPath, container, how] = process.argv;
const { connectDocker, holdStill } = require(`${compiledCore}/docker`);
const client = await connectDocker({ kind: 'socket', path: socketPath });
const { lease } = await holdStill(client, { containers: [container], how }, new AbortController().signal);
await lease.createReader({ name: 'data', mountPoint: '/n8n-backup-volume' });
console.log('held');
setInterval(() => {}, 1000);
