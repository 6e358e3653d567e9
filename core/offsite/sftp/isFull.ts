import type { SFTPWrapper } from 'ssh2';

/** Of the answer to OpenSSH's `statvfs@openssh.com`; ssh2 has it, its types do not. */
interface FileSystemStats {
	/** Blocks that whoever asks may still take. */
	f_bavail: number;
}

type WithStatvfs = SFTPWrapper & {
	ext_openssh_statvfs(path: string, done: (error: Error | undefined, stats: FileSystemStats) => void): void;
};

/**
 * Whether the file system of a path on the server has no block left. This protocol has no word for that: servers say
 * "failure". False where it cannot be known.
 */
export async function isFull(sftp: SFTPWrapper, path: string, withinMs: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const timer = setTimeout(() => resolve(false), withinMs);
		const tell = (answer: boolean) => {
			clearTimeout(timer);
			resolve(answer);
		};
		try {
			(sftp as WithStatvfs).ext_openssh_statvfs(path, (error, stats: FileSystemStats) =>
				tell(!error && stats.f_bavail === 0),
			);
		} catch {
			// The server has no such extension.
			tell(false);
		}
	});
}
