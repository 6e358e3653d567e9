export * from './backupError';
export * from './fileError';
export * from './networkError';
export * from './printable';
export * from './serverAddress';
export * from './unknownText';
