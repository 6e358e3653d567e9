export * from './copyTarget';
export * from './lexer';
export * from './segment';
