export * from './copyTarget';
export * from './dumpFormat';
export * from './lexer';
export * from './segment';
export * from './names';
export * from './trailer';
