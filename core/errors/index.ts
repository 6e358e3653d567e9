export * from './backupError';
export * from './fileError';
export * from './networkError';
