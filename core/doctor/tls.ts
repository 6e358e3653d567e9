import { type Finding, unknown } from './finding';

/** Nobody can know whether others listen on the network in between. */
export function unencrypted(check: string): Finding {
	return unknown(
		check,
		'The connection is not encrypted, which is right within a Compose network and on one machine.',
		'Switch TLS on where others can listen in between.',
	);
}

/** Encrypted, but for whom? */
export function unverified(check: string): Finding {
	return unknown(
		check,
		'The connection is encrypted; whose certificate it is was not asked.',
		'Have certificates verified, or whoever is in between can read and change what is sent.',
	);
}
