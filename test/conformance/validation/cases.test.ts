// Agreement with the reference validator on the official R4 cases. differences.yaml names every run on which we differ, with the reason; a run that
// comes to agree has to leave the list.

import { beforeAll, expect, it } from '@jest/globals';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { needs, sharedData } from '../../needs.ts';
import { caseRuns, essence } from './cases.ts';

/** reason -> runs */
const LISTED = parse(readFileSync(join(import.meta.dirname, 'differences.yaml'), 'utf8')) as Record<
  string,
  readonly string[]
>;
const differing = new Map(Object.entries(LISTED).flatMap(([why, names]) => names.map((name) => [name, why])));

/** Least share of runs whose set of error paths is that of the reference. */
const LEAST_SAME_PATHS = 0.71;

needs('shared-data/validator-cases', 'official validator cases')('official validator cases', () => {
  let definitions: Definitions;
  beforeAll(async () => {
    expect(existsSync(sharedData('us-core-packages'))).toBe(true);
    const folder = mkdtempSync(join(tmpdir(), 'packages-'));
    copyFileSync(sharedData('us-core-packages', 'us_core_610.tgz'), join(folder, 'us_core_610.tgz'));
    definitions = await loadDefinitions({ packages: folder });
    rmSync(folder, { recursive: true });
  });
  const runs = existsSync(sharedData('validator-cases', 'manifest.json')) ? caseRuns() : [];
  let same = 0;

  it.each(runs.map((run) => [run.name, run] as const))('%s', (name, run) => {
    const errors = run
      .validate(definitions)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal');
    const found = new Set(errors.flatMap(({ expression = [] }) => expression).map(essence));
    const wanted = new Set(run.expected.map(essence));
    if (found.size === wanted.size && [...found].every((one) => wanted.has(one))) same++;
    const agrees = (errors.length === 0) === run.isValid;
    expect({ name, agrees, listed: differing.get(name) }).toEqual({
      name,
      agrees: !differing.has(name),
      listed: differing.get(name),
    });
  });

  it('has no case on the list that is not there', () => {
    const names = new Set(runs.map(({ name }) => name));
    expect([...differing.keys()].filter((name) => !names.has(name))).toEqual([]);
  });

  // After all cases have run.
  it('finds the same places in most runs', () => {
    expect(same / runs.length).toBeGreaterThanOrEqual(LEAST_SAME_PATHS);
  });
});
