import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A fenced block of shell commands, and the comment in front of it that names what it is a part of. */
export interface Block {
	/** Undefined: nobody runs it. */
	tag?: string;
	commands: string;
}

export async function readDocument(name: string): Promise<string> {
	return await readFile(join(process.cwd(), 'docs', name), 'utf8');
}

/** Every ```bash block of a document, tagged by `<!-- runs: TAG -->`; those in lists lose their indentation. */
export function bashBlocks(markdown: string): Block[] {
	const pattern = /(?:^ *<!-- runs: (?<tag>[\w-]+) -->\n+)?^(?<indent> *)```bash\n(?<body>[^]*?)^ *```$/gm;
	return [...markdown.matchAll(pattern)].map(({ groups = {} }) => ({
		tag: groups.tag,
		commands: groups.body!.replaceAll(new RegExp(`^${groups.indent}`, 'gm'), ''),
	}));
}

/** All commands of one tag, in the order of the document. */
export function script(blocks: Block[], tag: string): string {
	const own = blocks.filter((block) => block.tag === tag);
	if (own.length === 0) throw new Error(`There is no block with the tag ${tag}`);
	return own.map(({ commands }) => commands).join('\n');
}
