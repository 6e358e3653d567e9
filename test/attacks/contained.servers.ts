import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('contained');
