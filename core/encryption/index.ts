export { assertAgeFraming, decryptAge, type FindFileKey, isAgeFile } from './ageReader';
export { EncryptStream } from './encryptStream';
export { openHeader, sealHeader, type SealedHeader } from './header';
export {
	type DecryptionKeys,
	encryptionRecord,
	type EncryptionKeys,
	type EncryptionRecord,
	shortId,
} from './keys';
