// The Prefer header: known preferences are taken, others are ignored.

import { expect, it } from '@jest/globals';
import { preferences } from '../../../src/rest/prefer.ts';

it.each([
  [undefined, { handling: 'strict' }],
  ['', { handling: 'strict' }],
  ['return=minimal', { return: 'minimal', handling: 'strict' }],
  ['return=representation', { return: 'representation', handling: 'strict' }],
  ['return=OperationOutcome', { return: 'OperationOutcome', handling: 'strict' }],
  ['return=operationoutcome', { return: 'OperationOutcome', handling: 'strict' }],
  ['return="minimal"', { return: 'minimal', handling: 'strict' }],
  ['return = minimal', { return: 'minimal', handling: 'strict' }],
  ['handling=lenient', { handling: 'lenient' }],
  ['handling=strict', { handling: 'strict' }],
  ['handling=careless', { handling: 'strict' }],
  ['handling=lenient, return=minimal', { return: 'minimal', handling: 'lenient' }],
  ['return=minimal; handling=lenient', { return: 'minimal', handling: 'lenient' }],
  ['respond-async, return=minimal', { return: 'minimal', handling: 'strict' }],
  ['return=everything', { handling: 'strict' }],
  ['return', { handling: 'strict' }],
  [';,=;', { handling: 'strict' }],
  ['__proto__=x, constructor=y', { handling: 'strict' }],
])('%s', (header, expected) => {
  expect(preferences(header)).toEqual(expected);
});
