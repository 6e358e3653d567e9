export * from './plan';
export * from './policy';
export * from './prune';
export * from './pruneDestination';
