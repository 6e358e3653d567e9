import { openDatabase } from './openDatabase';

/** The process that opens one database, so that the one which n8n runs in does not: its path is the only argument. */
async function main(): Promise<void> {
	const [, , path = ''] = process.argv;
	process.stdout.write(JSON.stringify(await openDatabase(path)));
}

void main();
