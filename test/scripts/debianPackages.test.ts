import { ensurePrograms } from '../../scripts/setup/debianPackages.ts';

const missing = [
	{ program: 'no-such-program', debianPackage: 'no-such-package' },
	{ program: 'no-such-tool', debianPackage: 'no-such-package' },
];

test('programs that are there need nothing', async () => {
	await expect(ensurePrograms([{ program: 'sh', debianPackage: 'dash' }])).resolves.toBeUndefined();
});

test('without root, one line says what to install', async () => {
	jest.spyOn(process, 'getuid').mockReturnValue(1000);
	await expect(ensurePrograms(missing)).rejects.toThrow(
		/^Missing: no-such-program, no-such-tool\. Install first: sudo apt-get install no-such-package$/,
	);
	jest.restoreAllMocks();
});
