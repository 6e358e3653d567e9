import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('whole');
