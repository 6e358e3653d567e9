import { readFileSync } from 'node:fs';

/** A line of proc_pid_mountinfo(5). Paths are bytes as latin1 characters. */
export interface Mount {
	id: string;
	/** Numbers of the device, which every file system has its own of. */
	device: string;
	/** The directory of the file system that is mounted. */
	root: string;
	/** Where it is mounted. */
	point: string;
}

/** What this process sees mounted; nothing where the system has no such list. */
export function readMounts(): Mount[] {
	try {
		const lines = readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\n');
		return lines.flatMap((line) => {
			const [id, , device, root, point] = line.split(' ');
			if (!id || !device || !root || !point) return [];
			return [{ id, device, root: unescapeOctal(root), point: unescapeOctal(point) }];
		});
	} catch {
		return [];
	}
}

/** Spaces and the like are written as `\040`. */
function unescapeOctal(text: string): string {
	return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
