export { ageSuffix, isAgeName, withoutAge } from './ageName';
export { assertAgeFraming, decryptAge, type FindFileKey, isAgeFile } from './ageReader';
export { BrokenSealError } from './brokenSeal';
export { EncryptStream } from './encryptStream';
export { openHeader, sealHeader, type SealedHeader } from './header';
export { isLockedKeyFile, keysIn, unlockKeyFile } from './keyFile';
export { type KeyPair, makeKeyPair, readersWith } from './keygen';
export {
	type DecryptionKeys,
	describeReaders,
	encryptionRecord,
	type EncryptionKeys,
	type EncryptionRecord,
	shortId,
} from './keys';
