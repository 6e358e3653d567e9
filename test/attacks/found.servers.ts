import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('found');
