/** `npm run format`: puts every file into the one format and applies the lint rules that can fix by themselves. */
import { binary } from './lib/paths.ts';
import { run } from './lib/run.ts';

await run(binary('eslint'), ['.', '--fix'], { output: 'inherit' });
await run(binary('prettier'), ['--write', '--log-level', 'warn', '.'], { output: 'inherit' });
