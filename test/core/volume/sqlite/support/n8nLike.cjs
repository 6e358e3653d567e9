'use strict';

/**
 * A process as n8n is one: it has its database open with an SQLite library of its own (libsql's, not Node's), and
 * archives the directory that the database is in. Arguments: directory, journal mode, and what to do.
 */
const { createWriteStream } = require('node:fs');
const { join } = require('node:path');
const { pipeline } = require('node:stream/promises');
const Database = require('libsql');
const { archiveDirectory } = require('../../../../../dist/core/volume/archiveDirectory.js');

const [directory, journalMode, task, ...exclude] = process.argv.slice(2);

async function archive(name) {
	const source = await archiveDirectory({ directory, exclude })(new AbortController().signal);
	await pipeline(source.stream, createWriteStream(`${directory}-${name}.tar`));
	await source.finished;
}

const tasks = {
	/** Goes on writing while eight archives are made. */
	async write(database) {
		const turn = () => {
			for (let i = 0; i < 5; i++) database.exec('INSERT INTO t VALUES (randomblob(3000))');
		};
		console.log('writing');
		const timer = setInterval(turn, 2);
		for (let i = 0; i < 8; i++) await archive(String(i));
		clearInterval(timer);
	},
	/** Has a transaction open while an archive is made, and until its input ends. */
	async hold(database) {
		database.exec('BEGIN IMMEDIATE');
		database.exec('INSERT INTO t VALUES (1)');
		await archive('held');
		console.log('archived');
		await new Promise((resolve) => process.stdin.on('end', resolve).resume());
		database.exec('COMMIT');
	},
};

async function main() {
	const database = new Database(join(directory, 'database.sqlite'));
	database.exec(`PRAGMA journal_mode = ${journalMode}`);
	database.exec('PRAGMA synchronous = OFF');
	database.exec('PRAGMA busy_timeout = 20000');
	database.exec('CREATE TABLE t (x)');
	for (let i = 0; i < 500; i++) database.exec('INSERT INTO t VALUES (randomblob(3000))');
	await tasks[task](database);
	database.close();
}

void main();
