export * from './blockFiller';
export * from './blockStream';
export * from './byteTarget';
export * from './directReads';
export * from './gatherBlocks';
export * from './receiveBlocks';
export * from './sharedBlocks';
export * from './sharedMemory';
