// The sources as they stand keep the order of the house (docs/architecture.md).

import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Sources } from './parse.ts';
import * as rules from './rules.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

function readSources(): Sources {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => [relative(ROOT, path).split(sep).join('/'), readFileSync(path, 'utf8')] as const),
  );
}

describe('the house', () => {
  const sources = readSources();

  it('has sources', () => {
    expect(sources.size).toBeGreaterThan(10);
  });

  it.each([
    ['wings import only the wings before them', rules.wrongWayImports],
    ['every room is known', rules.unknownRooms],
    ['no import cycle', rules.importCycles],
    ['packages stay in their rooms', rules.packagesOutsideRoom],
    ['the standard is pure', rules.impurities],
    ['only the configuration reads the environment', rules.environmentReaders],
    ['[39] what goes out goes one guarded way', rules.waysOut],
  ])('%s', (_name, rule) => {
    expect(rule(sources)).toEqual([]);
  });

  it('declares every package that it imports', () => {
    const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
    const declared = Object.keys((JSON.parse(text) as { dependencies: object }).dependencies);
    expect(rules.undeclaredPackages(sources, declared)).toEqual([]);
  });
});
