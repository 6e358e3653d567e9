import { execFileSync } from 'node:child_process';

const mounted: string[] = [];

/** Unmounts after each test what it has mounted. To be called before `temporaryDirectory`, whose clean-up is later. */
export function unmountAfterEach(): void {
	afterEach(() => {
		for (const directory of mounted.splice(0).reverse()) execFileSync('umount', [directory]);
	});
}

/** Shows `source`, a directory or a file, at `target` as well. */
export function bindMount(source: string, target: string): void {
	execFileSync('mount', ['--bind', source, target]);
	mounted.push(target);
}

export function mountTmpfs(target: string, size: string): void {
	execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', target]);
	mounted.push(target);
}
