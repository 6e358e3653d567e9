export * from './metrics';
export * from './page';
export * from './report';
