/** `npm run build`: dist/ from nothing, as it is published. */
import { build } from './lib/build.ts';
import { runTask } from './lib/task.ts';
import { step } from './lib/step.ts';

await runTask(() => step('Building', build));
