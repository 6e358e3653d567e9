import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

/** A text field of a credential; empty where it is not set. */
export function credentialText(credential: ICredentialDataDecryptedObject, name: string): string {
	const value = credential[name];
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
