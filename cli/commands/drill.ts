import type { AddCommand } from '../command';

export const addDrill: AddCommand = () => {};
