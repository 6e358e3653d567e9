import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The version of the n8n that this process is: of the package whose `bin/n8n` it was started with. Undefined where it is
 * another program, as our own command, or n8n-core in a test.
 *
 * @param script what Node was started with
 */
export function runningN8nVersion(script = process.argv[1]): string | undefined {
	if (script === undefined) return undefined;
	try {
		// npm links the script from somewhere on PATH.
		const path = join(dirname(realpathSync(script)), '..', 'package.json');
		const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
		return name === 'n8n' && typeof version === 'string' ? version : undefined;
	} catch {
		return undefined;
	}
}

/**
 * What the n8n that this process is does: n8n's first argument says it (n8n-core, `InstanceSettings`). Undefined in another
 * program.
 */
export function runningN8nRole(
	argv: readonly string[] = process.argv,
): 'main' | 'worker' | 'webhook' | undefined {
	if (runningN8nVersion(argv[1]) === undefined) return undefined;
	const [, , command] = argv;
	return command === 'worker' || command === 'webhook' ? command : 'main';
}
