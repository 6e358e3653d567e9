export * from './copy';
export * from './destination';
export * from './fetch';
export * from './openDestination';
export * from './place';
export * from './pruneCopy';
export * from './remoteCatalog';
export * from './verifyCopy';
export { hostKeyGiven, hostKeysIn } from './sftp/hostKeys';
