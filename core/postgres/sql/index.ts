export * from './comments';
export * from './dumpFormat';
export * from './lexer';
export * from './reading';
export * from './readingState';
export * from './segment';
export * from './names';
