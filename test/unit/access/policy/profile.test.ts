// The form of a policy as a profile: what is kept as an example fits it, what breaks the form does not. profiles/embergate.trust

import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validate } from '../../../../src/fhir/validation/validator.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const EXAMPLES = resolve(ROOT, 'docs/policies');
const PROFILE = 'urn:embergate:StructureDefinition:access-policy';
const definitions = await loadDefinitions({ packages: resolve(ROOT, 'profiles') });

const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(resolve(EXAMPLES, name), 'utf8')) as Record<string, unknown>;
const faults = (policy: object): string[] =>
  validate(definitions, parseJson(JSON.stringify(policy)) as ResourceTree, { profiles: [PROFILE] })
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ diagnostics }) => diagnostics);

it.each(readdirSync(EXAMPLES))('%s fits the profile that it claims', (name) => {
  expect(faults(read(name))).toEqual([]);
});

type Extensions = { url: string; extension?: Extensions; valueCode?: string }[];

it.each<readonly [string, (extensions: Extensions) => Extensions]>([
  ['for whom it is missing', (all) => all.filter(({ url }) => !url.endsWith(':for'))],
  ['for whom it is, twice', (all) => [...all, ...all.filter(({ url }) => url.endsWith(':for'))]],
  [
    'a part of a rule that there is not',
    (all) => changed(all, (rule) => [...rule, { url: 'colour', valueCode: 'red' }]),
  ],
  ['a rule without an action', (all) => changed(all, (rule) => rule.filter(({ url }) => url !== 'action'))],
])('the profile refuses %s', (_what, change) => {
  const policy = read('own-patients.json');
  expect(faults({ ...policy, extension: change(policy['extension'] as Extensions) })).not.toEqual([]);
});

const changed = (all: Extensions, change: (rule: Extensions) => Extensions): Extensions =>
  all.map((one) => (one.url.endsWith(':rule') ? { ...one, extension: change(one.extension ?? []) } : one));
