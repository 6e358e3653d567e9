export * from '../../lab/eventually.ts';
