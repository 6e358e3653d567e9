export { type JobThread, takeThread } from './jobThread';
export type { ThreadKind, ThreadLoss } from './pooledThread';
export { smallHeap } from './startThread';
