import { describeInstance, readCatalog, unknownInstance } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { instanceIdOf } from '../../core/n8n/environment';
import { asOwnerOf } from '../identity';

/** Whose backups are made. */
export interface N8nInstance {
	/** Undefined: nobody knows; then they are a series of their own. */
	instanceId?: string;
	/** How it was found out where that was by guessing, in sentences for people. */
	notes: string[];
}

export interface InstanceClues {
	/** `--instance`: an id, or the beginning of one that has backups. */
	named?: string;
	env: NodeJS.ProcessEnv;
	encryptionKey?: string;
}

/**
 * The n8n that a backup belongs to, so that it joins the series of those that n8n made itself: as somebody says, as n8n
 * reckons it from its key, or the only one that has backups here.
 *
 * @throws BackupError `bad-parameter` for the beginning of several
 */
export async function findInstance(
	{ root, timeZone }: { root: string; timeZone: string },
	{ named, env, encryptionKey }: InstanceClues,
): Promise<N8nInstance> {
	const entries = await asOwnerOf(root, async () => await readCatalog({ root, timeZone }));
	const present = [...new Set(entries.flatMap(({ manifest }) => manifest?.instanceId ?? []))];
	if (named === unknownInstance) return { notes: [] };
	if (named !== undefined) return { instanceId: completed(named, present), notes: [] };
	const own = ownId(env, encryptionKey);
	if (own !== undefined) return { instanceId: own, notes: firstOfItsKind(own, present) };
	const [only, ...others] = present;
	if (only === undefined) return { notes: [] };
	if (others.length > 0) {
		const note = `Whose backup this is nobody knows, since ${present.length} n8n have backups in ${root}: name it with --instance, or set N8N_ENCRYPTION_KEY`;
		return { notes: [note] };
	}
	const note = `It counts with the backups of ${describeInstance(only)}, the only ones in ${root}`;
	return { instanceId: only, notes: [note] };
}

/** As n8n takes or reckons it. */
function ownId(
	{ N8N_INSTANCE_ID: given = '' }: NodeJS.ProcessEnv,
	encryptionKey?: string,
): string | undefined {
	if (given !== '') return given;
	return encryptionKey === undefined ? undefined : instanceIdOf(encryptionKey);
}

function completed(named: string, present: readonly string[]): string {
	const meant = present.filter((id) => id.startsWith(named));
	if (meant.length < 2) return meant[0] ?? named;
	throw new BackupError('bad-parameter', `Several n8n have ids that begin with ${named}`, {
		advice: 'Write more of it; “list” shows them',
	});
}

function firstOfItsKind(own: string, present: readonly string[]): string[] {
	if (present.length === 0 || present.includes(own)) return [];
	const others = present.map(describeInstance).join(' and ');
	return [
		`It is the first backup of ${describeInstance(own)} here; the others are of ${others}. If that is the same n8n, say it with --instance`,
	];
}
