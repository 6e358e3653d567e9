import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

/** Who can read the backups. The nodes that use it bring the test of its keys. */
export class BackupEncryptionAgeApi implements ICredentialType {
	name = 'backupEncryptionAgeApi';

	displayName = 'Backup Encryption (age)';

	icon: Icon = { light: 'file:backupEncryption.svg', dark: 'file:backupEncryption.dark.svg' };

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-backup';

	properties: INodeProperties[] = [
		{
			displayName: 'Encrypt For',
			name: 'readBy',
			type: 'options',
			options: [
				{
					name: 'Recipients',
					value: 'recipients',
					description: 'Public keys: with them alone this n8n writes backups and can read none',
				},
				{
					name: 'Passphrase',
					value: 'passphrase',
					description: 'Whoever knows it, this n8n included',
				},
			],
			default: 'recipients',
		},
		{
			displayName:
				'Make a pair of keys with <code>n8n-backup keygen</code> or <code>age-keygen</code>. The recipient goes here; keep the identity where it outlives this machine, such as a password manager: without it nobody ever reads these backups again.',
			name: 'keysHint',
			type: 'notice',
			default: '',
			displayOptions: { show: { readBy: ['recipients'] } },
		},
		{
			displayName: 'Recipients',
			name: 'recipients',
			type: 'string',
			typeOptions: { rows: 3 },
			default: '',
			placeholder: 'e.g. age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
			displayOptions: { show: { readBy: ['recipients'] } },
			description:
				'Public keys, one a line. The identity of any of them reads the backups: give each person who may restore a pair of their own.',
		},
		{
			displayName: 'Identity',
			name: 'identity',
			type: 'string',
			typeOptions: { password: true, rows: 3 },
			default: '',
			placeholder: 'e.g. AGE-SECRET-KEY-1…',
			displayOptions: { show: { readBy: ['recipients'] } },
			description:
				'The private key, only needed to read: to restore, to drill, to verify what is inside. Leave it empty for an n8n that shall only write.',
		},
		{
			displayName: 'Passphrase',
			name: 'passphrase',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { readBy: ['passphrase'] } },
			description: 'Long and random, such as ten words that a program has drawn',
		},
	];
}
