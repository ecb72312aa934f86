/** docs/configuration.md is what the table of settings says. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { configurationPage } from '../../../scripts/docs.ts';

it('docs/configuration.md is made from src/config.ts', () => {
  const path = resolve(import.meta.dirname, '../../../docs/configuration.md');
  expect(readFileSync(path, 'utf8')).toBe(configurationPage());
});
