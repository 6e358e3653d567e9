export * from '../../lab/command.ts';
