'use strict';
const { BackupError } = require('../../../../dist/core/errors');

/** Reads everything and finds it wrong. */
exports.assertReadBack = async (raw) => {
	let bytes = 0;
	for await (const piece of raw) bytes += piece.length;
	throw new BackupError('damaged', `${bytes} bytes are not what they should be`, { advice: 'Run it again' });
};
