import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('kept');
