import { tryAttacksOn } from './support/tryAttacks';

tryAttacksOn('restored');
