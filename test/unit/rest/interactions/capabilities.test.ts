// The statement claims what the routes lead to and what the registry defines, and nothing else.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { withConformance } from '../../../../src/fhir/definitions/overlay.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { validateStructure } from '../../../../src/fhir/validation/structure.ts';
import {
  capabilityStatement,
  type BaseStatement,
  type CapabilityOptions,
} from '../../../../src/rest/interactions/capabilities.ts';
import { ROUTES, type Interaction } from '../../../../src/rest/routes.ts';

interface Claimed {
  readonly code: string;
}
interface Statement {
  readonly rest: readonly {
    readonly interaction: readonly Claimed[];
    readonly compartment: readonly string[];
    readonly operation: readonly { readonly name: string }[];
    readonly searchParam: readonly { readonly name: string }[];
    readonly security?: object;
    readonly resource: readonly {
      readonly type: string;
      readonly interaction: readonly Claimed[];
      readonly conditionalCreate?: boolean;
      readonly conditionalUpdate?: boolean;
      readonly conditionalDelete?: string;
      readonly referencePolicy?: readonly string[];
      readonly supportedProfile?: readonly string[];
      readonly versioning?: string;
      readonly searchInclude: readonly string[];
      readonly searchRevInclude: readonly string[];
      readonly searchParam: readonly {
        readonly name: string;
        readonly definition: string;
        readonly type: string;
      }[];
    }[];
  }[];
}

const OPTIONS: CapabilityOptions = {
  baseUrl: 'http://localhost:8080/fhir',
  date: '2026-11-24T10:00:00.000Z',
  version: '0.1.0',
  mode: 'full',
};

const BASE = resolve(import.meta.dirname, '../../../../capability-statement/base.json');
const base = JSON.parse(readFileSync(BASE, 'utf8')) as BaseStatement;

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

function statement(options: Partial<CapabilityOptions> = {}, from = definitions): Statement['rest'][number] {
  const made = capabilityStatement(base, from, { ...OPTIONS, ...options });
  return (made as unknown as Statement).rest[0]!;
}

const entry = (
  rest: Statement['rest'][number],
  type: string,
): Statement['rest'][number]['resource'][number] => rest.resource.find((one) => one.type === type)!;

/** What each route is called in a CapabilityStatement: a code of one of its interactions, or where else it is claimed. */
const CLAIM: Readonly<Record<Interaction, (rest: Statement['rest'][number]) => boolean>> = {
  capabilities: () => true,
  bundle: (rest) => has(rest.interaction, 'transaction') && has(rest.interaction, 'batch'),
  'search-system': (rest) => has(rest.interaction, 'search-system'),
  'history-system': (rest) => has(rest.interaction, 'history-system'),
  'search-compartment': (rest) => rest.compartment.length > 0,
  read: (rest) => has(entry(rest, 'Patient').interaction, 'read'),
  vread: (rest) => has(entry(rest, 'Patient').interaction, 'vread'),
  create: (rest) => has(entry(rest, 'Patient').interaction, 'create'),
  update: (rest) => has(entry(rest, 'Patient').interaction, 'update'),
  'update-conditional': (rest) => entry(rest, 'Patient').conditionalUpdate === true,
  patch: (rest) => has(entry(rest, 'Patient').interaction, 'patch'),
  'patch-conditional': (rest) =>
    JSON.stringify(entry(rest, 'Patient').interaction).includes('PATCH [type]?criteria'),
  delete: (rest) => has(entry(rest, 'Patient').interaction, 'delete'),
  'delete-conditional': (rest) =>
    ['single', 'multiple'].includes(entry(rest, 'Patient').conditionalDelete ?? ''),
  'history-instance': (rest) => has(entry(rest, 'Patient').interaction, 'history-instance'),
  'history-type': (rest) => has(entry(rest, 'Patient').interaction, 'history-type'),
  reindex: (rest) => rest.operation.some(({ name }) => name === 'reindex'),
  'reindex-status': (rest) => rest.operation.some(({ name }) => name === 'reindex'),
  validate: (rest) => rest.operation.some(({ name }) => name === 'validate'),
  terminology: (rest) => JSON.stringify(entry(rest, 'ValueSet')).includes('ValueSet-expand'),
  'search-type': (rest) => has(entry(rest, 'Patient').interaction, 'search-type'),
};
const has = (claimed: readonly Claimed[], code: string): boolean => claimed.some((one) => one.code === code);

describe('capabilityStatement', () => {
  const routed = new Set(Object.values(ROUTES).flatMap((methods) => Object.values(methods)));

  it.each(Object.keys(CLAIM) as Interaction[])(
    'claims %s exactly when a route leads to it',
    (interaction) => {
      expect(CLAIM[interaction](statement())).toBe(routed.has(interaction));
    },
  );

  it('claims no interaction without a route', () => {
    const rest = statement();
    const claimed = [...rest.interaction, ...rest.resource.flatMap((one) => one.interaction)].map(
      ({ code }) => code,
    );
    const known = new Set<string>([...routed, 'transaction', 'batch']);
    expect([...new Set(claimed)].filter((code) => !known.has(code))).toEqual([]);
  });

  it('has every resource type once, with its own parameters', () => {
    const rest = statement();
    expect(rest.resource.map(({ type }) => type)).toEqual(definitions.resourceTypes);
    expect(entry(rest, 'Patient').searchParam).toContainEqual({
      name: 'birthdate',
      definition: 'http://hl7.org/fhir/SearchParameter/individual-birthdate',
      type: 'date',
    });
    expect(entry(rest, 'Patient').searchParam.map(({ name }) => name)).toContain('_lastUpdated');
    expect(rest.searchParam.map(({ name }) => name)).toEqual([
      '_content',
      '_id',
      '_lastUpdated',
      '_profile',
      '_security',
      '_source',
      '_tag',
    ]);
  });

  it('claims no parameter of a type that is not served', () => {
    const types = new Set(
      statement().resource.flatMap(({ searchParam }) => searchParam.map(({ type }) => type)),
    );
    expect([...types].sort()).toEqual([
      'composite',
      'date',
      'number',
      'quantity',
      'reference',
      'special',
      'string',
      'token',
      'uri',
    ]);
  });

  it('follows the settings', () => {
    const open = entry(statement({ conditionalDelete: 'single', referentialIntegrity: false }), 'Patient');
    expect([open.conditionalDelete, open.referencePolicy]).toEqual(['single', ['literal', 'logical']]);
    expect(entry(statement(), 'Patient').referencePolicy).toContain('enforced');
  });

  it('claims the profiles that were added, not those of the core', () => {
    const url = 'http://example.org/StructureDefinition/our-patient';
    const profile = {
      resourceType: 'StructureDefinition',
      url,
      type: 'Patient',
      kind: 'resource',
      derivation: 'constraint',
    };
    const rest = statement({}, withConformance(definitions, [profile]));
    expect(entry(rest, 'Patient').supportedProfile).toEqual([url]);
    expect(entry(rest, 'Observation').supportedProfile).toBeUndefined();
  });

  it.each(['full', 'normative', 'terminology'] as const)('is whole R4 in mode %s', (mode) => {
    const made = capabilityStatement(base, definitions, { ...OPTIONS, mode });
    expect(validateStructure(definitions, made as ResourceTree)).toEqual([]);
  });

  it('leaves out in mode normative what R4 marks as trial use', () => {
    const rest = statement({ mode: 'normative' });
    const patient = entry(rest, 'Patient');
    expect(rest.security).toBeUndefined();
    expect(patient.versioning).toBeUndefined();
    expect(patient.conditionalDelete).toBeUndefined();
    expect(has(patient.interaction, 'read')).toBe(true);
    expect(patient.searchParam.length).toBeGreaterThan(10);
  });

  it('says in mode=terminology which code systems are at hand, and how they can be asked', () => {
    const made = capabilityStatement(base, definitions, { ...OPTIONS, mode: 'terminology' });
    const known = (made['codeSystem'] as unknown as { uri: string }[]).map(({ uri }) => uri);
    expect(known).toContain('http://hl7.org/fhir/observation-status');
    expect(made['expansion']).toMatchObject({ paging: true, hierarchical: true });
    expect(made).toMatchObject({ validateCode: { translations: true }, closure: { translation: false } });
  });

  it('is made once for a registry', () => {
    const first: JsonObject = capabilityStatement(base, definitions, OPTIONS);
    expect(capabilityStatement(base, definitions, { ...OPTIONS })).toBe(first);
    expect(capabilityStatement(base, withConformance(definitions, []), OPTIONS)).not.toBe(first);
  });
});
