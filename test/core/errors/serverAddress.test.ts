import { hostName, withoutLogin } from '../../../core/errors';

test.each(['db', ' db.example.com ', '10.0.0.5', '::1', '/var/run/postgresql', '@abstract', ''])(
	'“%s” is the name of a server',
	(text) => expect(hostName(text, 'Host')).toBe(text.trim()),
);

test.each([
	'redis://:of-the-test@db:6379',
	'postgres://me:of-the-test@db/n8n',
	'me:of-the-test@db',
	'of-the-test@db',
	'me:a/b@of-the-test@db',
	'tcp://db',
])('a whole address in place of a name is refused without being repeated: %s', (text) => {
	const refused = () => hostName(text, 'Host');
	expect(refused).toThrow(
		/^Host (is a whole address|holds more than the address of a server).*\. Write only the address there; user and password have fields of their own\.$/,
	);
	expect(refused).not.toThrow(/of-the-test|tcp/);
});

test('an endpoint may be an address, but without a login', () => {
	expect(withoutLogin('https://s3.example.com/path', 'Endpoint')).toBe('https://s3.example.com/path');
	expect(() => withoutLogin('https://key:of-the-test@s3.example.com', 'Endpoint')).toThrow(
		'Endpoint holds more than the address of a server: there is an @ in it. Write only the address there',
	);
});
