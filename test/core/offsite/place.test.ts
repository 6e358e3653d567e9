import { parsePlace } from '../../../core/offsite';

describe('a place off-site', () => {
	it.each([
		['s3://bucket/a/b/', { kind: 's3', bucket: 'bucket', prefix: 'a/b' }],
		['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
		['sftp://me@nas/backups', { kind: 'sftp', user: 'me', host: 'nas', port: 22, path: '/backups' }],
		['sftp://me@[::1]:2222/~/b%20c', { kind: 'sftp', user: 'me', host: '::1', port: 2222, path: 'b c' }],
		['webdavs://cloud:8443/dav/', { kind: 'webdav', url: 'https://cloud:8443/dav/', user: '' }],
		['webdav://me@cloud/dav', { kind: 'webdav', url: 'http://cloud/dav', user: 'me' }],
		['/mnt/nas', { kind: 'directory', path: '/mnt/nas' }],
	])('is read from %s', (text, place) => {
		expect(parsePlace(text)).toEqual(place);
	});

	it.each(['ftp://host/x', 's3://', 'sftp://', 'https://cloud/dav', '', 's3://bucket/%E0%A4%A'])(
		'is not %p',
		(text) => {
			expect(() => parsePlace(text)).toThrow(/Write s3:\/\/bucket\/prefix/);
		},
	);

	it('is refused with a password in it, which no message repeats', () => {
		const given = () => parsePlace('sftp://me:topsecret@nas/backups');
		expect(given).toThrow('The place at nas was given with a password.');
		expect(given).not.toThrow(/topsecret/);
	});
});
