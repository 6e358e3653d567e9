import type { z } from 'zod/v4';
import { manifestFields } from '../../core/artifact/manifestSchema';
import { readDocument } from './support/blocks';

/** Names of all fields below a schema, in whatever it is wrapped. */
function namesIn(schema: unknown): string[] {
	const { shape, def } = schema as { shape?: Record<string, z.ZodType>; def: Record<string, unknown> };
	if (shape) return Object.entries(shape).flatMap(([name, field]) => [name, ...namesIn(field)]);
	const inner = [def.innerType, def.element, ...((def.options as unknown[] | undefined) ?? [])];
	return inner.filter((one) => typeof one === 'object' && one !== null).flatMap(namesIn);
}

describe('the document of the manifest', () => {
	it('names every field that there is', async () => {
		const text = await readDocument('manifest.md');
		const names = [...new Set(namesIn(manifestFields))];
		expect(names).toEqual(expect.arrayContaining(['sha256', 'lastMigration', 'prunedAt', 'grantable']));
		expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
	});
});
