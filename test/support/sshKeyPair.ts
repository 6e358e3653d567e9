import ssh2 from 'ssh2';

/** A key pair for SSH. Of those that ssh2 makes one in some 250 is malformed, and OpenSSH cannot read it either. */
export function sshKeyPair(passphrase?: string): { private: string; public: string } {
	const make = ssh2.utils.generateKeyPairSync;
	for (;;) {
		const pair =
			passphrase === undefined
				? make('ed25519')
				: make('ed25519', { passphrase, cipher: 'aes256-cbc', rounds: 4 });
		if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
	}
}
