import { allParameters } from './support/descriptions';

test('every operation that gives backups has Simplify, switched on', () => {
	const simplify = allParameters().filter(({ property }) => property.name === 'simplify');
	expect(simplify.map(({ node, operation }) => `${node} ${operation}`).sort()).toEqual([
		...['copy', 'fetch', 'list', 'prune', 'verify'].map((operation) => `offSiteCopy ${operation}`),
		...['backUp', 'drill', 'verify'].map((operation) => `postgresBackup ${operation}`),
		...['list', 'prune'].map((operation) => `pruneBackups ${operation}`),
		...['takeSnapshot', 'verify'].map((operation) => `redisSnapshot ${operation}`),
		...['archive', 'copyFile', 'drill', 'verify'].map((operation) => `volumeArchive ${operation}`),
	]);
	expect(simplify.filter(({ property }) => property.default !== true)).toEqual([]);
});
