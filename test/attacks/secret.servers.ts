import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('secret');
