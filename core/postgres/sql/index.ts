export * from './comments';
export * from './dumpFormat';
export * from './lexer';
export * from './segment';
export * from './names';
