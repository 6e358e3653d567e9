/** `npm run build`: dist/ from nothing, as it is published. */
import { build } from './lib/build.ts';
import { step } from './lib/step.ts';

await step('Building', build);
