/** What is backed up. Each component has a directory of its own name below the backup directory. */
export const components = ['postgres', 'redis', 'n8n', 'env'] as const;

export type Component = (typeof components)[number];

/** How a component's bytes are obtained. */
export const engineNames = ['built-in', 'docker', 'local'] as const;

export type EngineName = (typeof engineNames)[number];

export function isComponent(value: unknown): value is Component {
	return components.some((component) => component === value);
}
