'use strict';

const { createHash } = require('node:crypto');
const { mkdir, readFile, writeFile } = require('node:fs/promises');
const { dirname, join } = require('node:path');

/**
 * pg_dump as WebAssembly comes from the npm package pglite-tools. What that package exports cannot stream and
 * forces INSERT statements, so the factory that emscripten made is taken out of its bundle at build time. That
 * depends on the exact bytes, which are therefore pinned here: a new version means looking again.
 */
const pinned = {
	package: '@electric-sql/pglite-tools',
	version: '0.4.8',
	chunk: {
		file: 'chunk-RKAX3U4S.js',
		sha256: 'b043b34525f2c1f893801e7b8f76921b34bafbf818fd7cc6c99fa21e9a015e5b',
	},
	wasm: { file: 'pg_dump.wasm', sha256: 'cdbc551ec339cc9867003203bc8f03911858be2be92b3e88376922b09ccdf58c' },
};

/** How the bundle begins the factory; the name is the minifier's. */
const factoryPattern = /var ([A-Za-z_$][\w$]*)=\(\(\)=>\{var _scriptName=import\.meta\.url/;

const target = join('dist', 'core', 'postgres', 'dump', 'builtIn', 'wasm');

/** Gulp task: writes the factory, the wasm and their licences into dist. */
async function pgDump() {
	// Its package.json is not exported; its entry point lies in dist.
	const source = dirname(dirname(require.resolve(pinned.package)));
	await checkVersion(source);
	const chunk = await readPinned(join(source, 'dist'), pinned.chunk);
	const wasm = await readPinned(join(source, 'dist'), pinned.wasm);
	await mkdir(target, { recursive: true });
	await writeFile(join(target, 'pgDump.mjs'), exportFactory(chunk.toString('utf8')));
	await writeFile(join(target, 'pg_dump.wasm'), wasm);
	await writeFile(join(target, 'LICENSE.pglite-tools'), await readFile(join(source, 'LICENSE')));
	await writeFile(join(target, 'NOTICE'), notice);
}

async function checkVersion(source) {
	const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
	if (version !== pinned.version) {
		throw new Error(`${pinned.package} is ${version} where gulp/pgDump.js was made for ${pinned.version}`);
	}
}

async function readPinned(folder, { file, sha256 }) {
	const content = await readFile(join(folder, file));
	const found = createHash('sha256').update(content).digest('hex');
	if (found !== sha256) {
		throw new Error(
			`${pinned.package}: ${file} has the SHA-256 ${found} where gulp/pgDump.js expects ${sha256}`,
		);
	}
	return content;
}

/** The bundle with an export for its factory in place of its own, which nobody uses. */
function exportFactory(chunk) {
	const factory = factoryPattern.exec(chunk)?.[1];
	if (factory === undefined) throw new Error(`${pinned.package}: the factory is not in ${pinned.chunk.file}`);
	const code = chunk.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '').replace(/export\{[^}]*\};?\s*$/, '');
	return `${code}\nexport { ${factory} as createPgDump };\n`;
}

const notice = `pgDump.mjs and pg_dump.wasm are taken from ${pinned.package} ${pinned.version}
(https://github.com/electric-sql/pglite), Copyright Electric DB Limited, under the Apache License 2.0, which is
in LICENSE.pglite-tools. pgDump.mjs was changed: it exports the factory that creates the module.

Both were made by Emscripten (https://emscripten.org), Copyright (c) 2010-2014 Emscripten authors, under the MIT
License, with musl, Copyright (c) 2005-2020 Rich Felker, et al., under the MIT License, and zlib, Copyright (c)
1995-2026 Jean-loup Gailly and Mark Adler, under the zlib License. The MIT License:

  Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
  documentation files (the "Software"), to deal in the Software without restriction, including without limitation
  the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
  to permit persons to whom the Software is furnished to do so, subject to the following conditions:

  The above copyright notice and this permission notice shall be included in all copies or substantial portions of
  the Software.

  THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
  THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
  AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
  CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
  IN THE SOFTWARE.

pg_dump.wasm is compiled from PostgreSQL's pg_dump and libpq, under the PostgreSQL License:

  PostgreSQL Database Management System
  (also known as Postgres, formerly known as Postgres95)

  Portions Copyright (c) 1996-2026, PostgreSQL Global Development Group

  Portions Copyright (c) 1994, The Regents of the University of California

  Permission to use, copy, modify, and distribute this software and its documentation for any purpose, without
  fee, and without a written agreement is hereby granted, provided that the above copyright notice and this
  paragraph and the following two paragraphs appear in all copies.

  IN NO EVENT SHALL THE UNIVERSITY OF CALIFORNIA BE LIABLE TO ANY PARTY FOR DIRECT, INDIRECT, SPECIAL,
  INCIDENTAL, OR CONSEQUENTIAL DAMAGES, INCLUDING LOST PROFITS, ARISING OUT OF THE USE OF THIS SOFTWARE AND ITS
  DOCUMENTATION, EVEN IF THE UNIVERSITY OF CALIFORNIA HAS BEEN ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.

  THE UNIVERSITY OF CALIFORNIA SPECIFICALLY DISCLAIMS ANY WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
  WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE. THE SOFTWARE PROVIDED HEREUNDER IS ON AN
  "AS IS" BASIS, AND THE UNIVERSITY OF CALIFORNIA HAS NO OBLIGATIONS TO PROVIDE MAINTENANCE, SUPPORT, UPDATES,
  ENHANCEMENTS, OR MODIFICATIONS.
`;

module.exports = { pgDump };
