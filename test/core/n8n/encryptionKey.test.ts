import { keyFileFromEnvFile, keyFromConfig, keyFromEnvFile } from '../../../core/n8n/encryptionKey';

test.each([
	['{"encryptionKey":"abc"}', 'abc'],
	['{\n\t"encryptionKey": "with \\"quotes\\"",\n\t"other": 1\n}', 'with "quotes"'],
	['{"encryptionKey":""}', undefined],
	['{"encryptionKey":12}', undefined],
	['{}', undefined],
	['null', undefined],
	['not JSON', undefined],
	['', undefined],
])('of the config %j the key is %j', (text, key) => {
	expect(keyFromConfig(text)).toBe(key);
});

test.each([
	['N8N_ENCRYPTION_KEY=abc', 'abc'],
	['A=1\r\nN8N_ENCRYPTION_KEY=abc\r\nB=2\r\n', 'abc'],
	['\uFEFFN8N_ENCRYPTION_KEY=abc', 'abc'],
	['export N8N_ENCRYPTION_KEY=abc', 'abc'],
	['  N8N_ENCRYPTION_KEY = abc  ', 'abc'],
	['N8N_ENCRYPTION_KEY=abc # the key', 'abc'],
	['N8N_ENCRYPTION_KEY=abc#def', 'abc#def'],
	["N8N_ENCRYPTION_KEY='a#b $c \\n'", 'a#b $c \\n'],
	['N8N_ENCRYPTION_KEY="a # b" # comment', 'a # b'],
	['N8N_ENCRYPTION_KEY="say \\"hi\\"\\n"', 'say "hi"\n'],
	['N8N_ENCRYPTION_KEY=a=b==', 'a=b=='],
	['N8N_ENCRYPTION_KEY=old\nN8N_ENCRYPTION_KEY=new', 'new'],
	['KEY=abc\nN8N_ENCRYPTION_KEY=${KEY}', 'abc'],
	['N8N_ENCRYPTION_KEY=$KEY\nKEY=abc', 'abc'],
	['N8N_ENCRYPTION_KEY=${KEY}', undefined],
	['N8N_ENCRYPTION_KEY=$A\nA=$N8N_ENCRYPTION_KEY', undefined],
	['N8N_ENCRYPTION_KEY=', undefined],
	['N8N_ENCRYPTION_KEY=""', undefined],
	['N8N_ENCRYPTION_KEY= # none yet', undefined],
	['# N8N_ENCRYPTION_KEY=abc', undefined],
	['MY_N8N_ENCRYPTION_KEY=abc', undefined],
	['N8N_ENCRYPTION_KEY_FILE=/run/secrets/key', undefined],
	['', undefined],
])('of the env file %j the key is %j', (text, key) => {
	expect(keyFromEnvFile(text)).toBe(key);
});

test('the file that an env file names for the key is known', () => {
	expect(keyFileFromEnvFile('N8N_ENCRYPTION_KEY_FILE="/run/secrets/key"')).toBe('/run/secrets/key');
	expect(keyFileFromEnvFile('N8N_ENCRYPTION_KEY=abc')).toBeUndefined();
});
