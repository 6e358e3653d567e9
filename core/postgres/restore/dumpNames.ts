import { BackupError } from '../../errors';
import { decodeText, encodeText } from '../sql/encoding';
import type { RestoreOptions } from './request';
import type { Surroundings } from './surroundings';

/**
 * Names between a dump and people. A dump's statements are looked at and changed as bytes, one character each
 * (`latin1`), whatever their encoding; so names that people give are put into the dump's encoding first, and those
 * that are shown are taken out of it.
 */
export class DumpNames {
	readonly #encoding: string;

	/** @param encoding PostgreSQL's name of the encoding that the dump is written in */
	constructor(encoding: string) {
		this.#encoding = encoding;
	}

	/** A name as the dump would have it. One that its encoding cannot say is in no such dump. */
	inDump(name: string): string {
		return (encodeText(name, this.#encoding) ?? Buffer.from(name)).toString('latin1');
	}

	/** A text with names of the dump in it, for people. What else is in it has no characters that are a byte beyond ASCII. */
	readable(text: string): string {
		return text.replace(/[\x80-\xff]+/g, (bytes) => decodeText(Buffer.from(bytes, 'latin1'), this.#encoding));
	}

	/** The options whose names are compared with the dump's or written into it. */
	options(options: RestoreOptions): RestoreOptions {
		const { owners, tables, withoutExtensions } = options;
		return {
			...options,
			owners: owners && this.#owners(owners),
			tables: tables?.map((name) => this.inDump(name)),
			withoutExtensions: withoutExtensions?.map((name) => this.inDump(name)),
		};
	}

	surroundings({ roles, tablespaces, schemas }: Surroundings): Surroundings {
		const inDump = (names: ReadonlySet<string>) => new Set([...names].map((name) => this.inDump(name)));
		return { roles: inDump(roles), tablespaces: inDump(tablespaces), schemas: inDump(schemas) };
	}

	#owners(rule: NonNullable<RestoreOptions['owners']>): RestoreOptions['owners'] {
		if (rule.kind === 'one') return { ...rule, role: this.#written(rule.role) };
		if (rule.kind !== 'map') return rule;
		const roles = Object.entries(rule.roles).map(([from, to]) => [this.inDump(from), this.#written(to)]);
		return { ...rule, roles: Object.fromEntries(roles) as Record<string, string> };
	}

	#written(role: string): string {
		const bytes = encodeText(role, this.#encoding);
		if (bytes) return bytes.toString('latin1');
		const what = `The name of the role "${role}" cannot be written in ${this.#encoding}, which the dump is in`;
		throw new BackupError('bad-parameter', what, {
			advice: 'Choose a role with another name as the owner, and rename what it owns to it afterwards',
		});
	}
}
