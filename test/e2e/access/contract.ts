/** The security list of tokens and compartments, to be run over a guarded server on any store. The number before each name is that of the list. */
import { conditionTests } from './conditions.ts';
import { makingTests } from './making.ts';
import { matrix } from './matrix.ts';
import { readingTests } from './reading.ts';
import { scopeTests } from './scopes.ts';
import { searchingTests } from './searching.ts';
import { tokenTests } from './tokens.ts';
import type { World } from './world.ts';
import { writingTests } from './writing.ts';

export function accessContract(use: () => World): void {
  matrix(use);
  tokenTests(use);
  readingTests(use);
  searchingTests(use);
  makingTests(use);
  writingTests(use);
  conditionTests(use);
  scopeTests(use);
}
