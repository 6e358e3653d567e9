export { type JobThread, takeThread } from './jobThread';
export { lossError } from './lossError';
export type { ThreadKind, ThreadLoss } from './pooledThread';
export { smallHeap } from './startThread';
