import { getSystemErrorMap } from 'node:util';
import { BackupError, fileError } from '../../../core/errors';

const systemErrors = [...getSystemErrorMap()].map(([errno, [code, words]]) => ({ errno, code, words }));

function raised({ errno, code, words }: (typeof systemErrors)[number]): Error {
	return Object.assign(new Error(`${code}: ${words}, fsync`), { errno, code, syscall: 'fsync' });
}

test('no error of the system reaches people in its own words', () => {
	for (const one of systemErrors) {
		const { message } = fileError(raised(one), '/backups/x.sql.gz');
		expect(message).toContain('/backups/x.sql.gz');
		expect(message).not.toContain(`${one.code}:`);
		expect(message).not.toContain('fsync');
	}
});

test.each([
	['EIO', 'disk', 'The disk reported an error with /b. Look into the log of the machine (dmesg)'],
	['EROFS', 'not-permitted', '/b is on a read-only file system. Mount it writable'],
	['ESTALE', 'disk', 'The disk or share that holds /b is not there any more. See that it is connected'],
	['ENOTCONN', 'disk', 'The disk or share that holds /b is not there any more. See that it is connected'],
	['EBUSY', 'disk', '/b is in use by something else. See what holds it'],
	['ELOOP', 'bad-parameter', '/b is a symbolic link where a file of its own was expected'],
	['EMFILE', 'disk', '/b could not be opened: too many files are open already. Raise the limit'],
	['ENOTSUP', 'unsupported', 'The file system of /b cannot do what was asked of it. Choose another disk'],
	['EFBIG', 'no-space', '/b became larger than a file may be there. Choose another disk (FAT takes 4 GB'],
	['EPROTO', 'disk', '/b could not be used: the system says EPROTO. Check the disk'],
])('%s is %s and says what to do', (code, kind, words) => {
	const error = fileError(Object.assign(new Error(`${code}: raw`), { code }), '/b');
	expect(error).toBeInstanceOf(BackupError);
	expect(error.code).toBe(kind);
	expect(error.message).toContain(words);
});

test('a disk that fails is no verdict about what is on it', () => {
	const verdicts = systemErrors.map((one) => fileError(raised(one), '/b').code);
	expect(verdicts).not.toContain('damaged');
	expect(verdicts).not.toContain('incomplete');
});
