import { mkdir, writeFile } from 'node:fs/promises';
import { freeMemory } from '../../../../core/postgres/embedded/freeMemory';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const temporary = temporaryDirectory();
const megabyte = 1024 * 1024;

async function free(files: Record<string, string>): Promise<number | undefined> {
	await mkdir(temporary.path('proc'), { recursive: true });
	await mkdir(temporary.path('cgroup', 'memory'), { recursive: true });
	for (const [path, content] of Object.entries(files)) await writeFile(temporary.path(path), content);
	return await freeMemory({ cgroup: temporary.path('cgroup'), proc: temporary.path('proc') });
}

const machine = { 'proc/meminfo': 'MemTotal: 8000000 kB\nMemAvailable:    4096000 kB\nSwapFree: 0 kB\n' };

describe('the memory that is free', () => {
	it('is the machine’s where nothing limits a container', async () => {
		await expect(free({ ...machine, 'cgroup/memory.max': 'max\n' })).resolves.toBe(4000 * megabyte);
	});

	it('is what a container’s limit leaves, and files that were read do not count as used', async () => {
		const group = {
			'cgroup/memory.max': `${512 * megabyte}\n`,
			'cgroup/memory.current': `${500 * megabyte}\n`,
			'cgroup/memory.stat': `anon 1\ninactive_file ${300 * megabyte}\nactive_file 0\n`,
		};

		await expect(free({ ...machine, ...group })).resolves.toBe(312 * megabyte);
	});

	it('is read of the older control groups, too', async () => {
		const group = {
			'cgroup/memory/memory.limit_in_bytes': `${1024 * megabyte}\n`,
			'cgroup/memory/memory.usage_in_bytes': `${900 * megabyte}\n`,
			'cgroup/memory/memory.stat': `cache 5\ntotal_inactive_file ${100 * megabyte}\n`,
		};

		await expect(free({ ...machine, ...group })).resolves.toBe(224 * megabyte);
	});

	it('is the machine’s where the older control group’s limit is none', async () => {
		const group = {
			'cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
			'cgroup/memory/memory.usage_in_bytes': '1000\n',
		};

		await expect(free({ ...machine, ...group })).resolves.toBe(4000 * megabyte);
	});

	it('is not known where nothing says', async () => {
		await expect(free({})).resolves.toBeUndefined();
	});

	it('is known on this machine', async () => {
		await expect(freeMemory()).resolves.toBeGreaterThan(10 * megabyte);
	});
});
