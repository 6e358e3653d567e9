import { TestEnvironment } from 'jest-environment-node';
import { untilPrepared } from '../../lab/n8n/beingPrepared.ts';

/**
 * For tests that need n8n. Where it is being prepared they wait for it before they begin: downloading 2.8 GB may take
 * longer than any of them may.
 */
export default class PreparedN8n extends TestEnvironment {
	override async setup(): Promise<void> {
		await super.setup();
		await untilPrepared();
	}
}
