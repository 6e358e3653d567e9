import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutionTexts } from './executions.ts';
import { Random } from '../../lab/random.ts';

/**
 * A tree of many small files, as community nodes and their dependencies leave them in `~/.n8n/nodes`: sources,
 * declarations, licences, package.json. About 3 KB each.
 */
export function createSmallFiles(directory: string, files: number): void {
	const random = new Random(7);
	const perPackage = 50;
	for (let number = 0; number < files; number++) {
		const folder = join(
			directory,
			'nodes',
			'node_modules',
			`package-${Math.floor(number / perPackage)}`,
			'dist',
		);
		if (number % perPackage === 0) mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, `module-${number % perPackage}.js`), sourceCode(random));
	}
}

/** A few big files: binary data that does not compress, and event logs and exports that do. */
export function createBigFiles(directory: string, bytes: number): void {
	const random = new Random(8);
	mkdirSync(join(directory, 'binaryData'), { recursive: true });
	const files = 5;
	const size = Math.floor(bytes / files);
	for (let number = 0; number < files; number++) {
		if (number === 0) writeFileSync(join(directory, 'binaryData', 'video.mp4'), random.bytes(size));
		else writeFileSync(join(directory, `n8nEventLog-${number}.log`), logText(random, size));
	}
}

function sourceCode(random: Random): string {
	const lines = Array.from({ length: 20 + random.below(90) }, () => {
		const name = `${random.pick(names)}${random.below(100)}`;
		return `\tconst ${name} = ${random.pick(names)}.${random.pick(names)}(${random.below(1000)}, '${random.sentence(2)}');`;
	});
	return `"use strict";\nexports.run = (${random.pick(names)}) => {\n${lines.join('\n')}\n};\n`;
}

function logText(random: Random, bytes: number): Buffer {
	const texts = new ExecutionTexts(random, 1000);
	const content = Buffer.allocUnsafe(bytes);
	for (let at = 0; at < bytes;) at += content.write(`${texts.next()}\n`, at);
	return content;
}

const names = [
	'options',
	'helper',
	'request',
	'parameters',
	'credentials',
	'items',
	'context',
	'parse',
	'response',
];
