import { InvalidArgumentError, Option } from 'commander';
import { type Component, components, isComponent } from '../../core/artifact';

/** `--component`, which may be given several times. */
export function componentOption(flags = '--component <name>', description = 'only this component'): Option {
	return new Option(flags, `${description} (${components.join(', ')}); may be repeated`).argParser(
		(name: string, earlier?: Component[]) => {
			if (isComponent(name)) return [...(earlier ?? []), name];
			throw new InvalidArgumentError(`Use ${components.join(', ')}.`);
		},
	);
}
