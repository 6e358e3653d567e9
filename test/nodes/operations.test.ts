import { allOperations } from './support/descriptions';
import { dockerOperationNames } from './support/dockerOperations';
import { describeEngines } from './support/engines';
import { fileOperations } from './support/fileOperations';
import { offsiteOperations } from './support/offsiteOperations';
import { testOperation } from './support/operations';
import { serverOperationNames } from './support/serverOperations';

jest.setTimeout(120_000);

test('every operation of every node, by every engine, has a row in these tests', () => {
	const rows = [
		...fileOperations(() => '').map(({ name }) => name),
		...offsiteOperations().map(({ name }) => name),
		...serverOperationNames,
		...dockerOperationNames,
	].map((name) => name.split(':')[0]!);
	expect([...new Set(rows)].sort()).toEqual(allOperations().sort());
});

describeEngines('an operation on files', (n8n) => {
	for (const row of fileOperations(() => n8n().engine.instanceId)) testOperation(n8n, row);
	for (const row of offsiteOperations()) testOperation(n8n, row);
});
