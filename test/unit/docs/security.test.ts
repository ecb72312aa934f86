/** Every item of the security list has tests, and every test that docs/security.md names is there, under the number of its item. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const ITEMS = 48;

interface Row {
  readonly item: number;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

const rows = readFileSync(resolve(ROOT, 'docs/security.md'), 'utf8')
  .split('\n')
  .flatMap((line): Row[] => {
    const [, item, cell] = /^\| (\d+)\s*\|[^|]*\|(.*)\|$/.exec(line) ?? [];
    if (item === undefined) return [];
    const tests = cell!.split('<br>').map((one) => {
      const [, file = '', name = ''] = /^\s*`([^`]+)`: (.*?)\s*$/.exec(one) ?? [];
      return { file, name };
    });
    return [{ item: Number(item), tests }];
  });

describe('the security list', () => {
  it('has every item once', () => {
    expect(rows.map(({ item }) => item)).toEqual(Array.from({ length: ITEMS }, (_, i) => i + 1));
  });

  it.each(rows)('item $item names tests that are there', ({ item, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, name } of tests) {
      expect([file, existsSync(resolve(ROOT, file))]).toEqual([file, true]);
      expect(name).toContain(`[${item}]`);
      const source = readFileSync(resolve(ROOT, file), 'utf8');
      const isThere = [`'${name}'`, `\`${name}\``, `"${name}"`].some((one) => source.includes(one));
      expect([name, isThere]).toEqual([name, true]);
    }
  });
});
