import type { ArtifactRequest, OpenSource } from '../../core/artifact';

/** One backup that is to be made. */
export interface Planned extends Pick<
	ArtifactRequest,
	'component' | 'prefix' | 'extension' | 'compression' | 'step'
> {
	openSource: OpenSource;
}

/** What is to be made of a component: several where a server has several databases. */
export interface Plan {
	component: Planned['component'];
	/** @throws BackupError for what keeps all of it from being tried */
	backups(signal: AbortSignal): Planned[] | Promise<Planned[]>;
}
