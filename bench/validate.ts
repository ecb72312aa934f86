// Validation against `validateResource` of @medplum/core and JSON.parse: the resources of Synthea on R4 alone, the examples of US Core 6.1 on the profiles
// that they claim, and how long US Core takes to compile.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { loadDefinitions } from '../src/definitions-file.ts';
import type { Definitions } from '../src/fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../src/fhir/model/json.ts';
import type { JsonObject, ResourceTree } from '../src/fhir/model/tree.ts';
import { validate } from '../src/fhir/validation/validator.ts';
import { filesOfPacked } from '../src/package-folder.ts';
import type { InProcess } from './in-process.ts';
import { sharedData } from './shared-data.ts';

const PACKAGES = sharedData('us-core-packages');
const US_CORE = join(PACKAGES, 'us_core_610.tgz');
/** So many at most, spread over the whole. */
const MOST = 2000;

interface Subject {
  readonly tree: ResourceTree;
  readonly plain: Resource;
  readonly text: string;
  readonly profile?: string;
}

function synthea(): ResourceTree[] {
  const folder = sharedData('synthea', 'small');
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const bundle = parseJson(readFileSync(join(folder, name), 'utf8')) as { readonly entry?: JsonObject[] };
      return (bundle.entry ?? []).map(({ resource }) => resource as ResourceTree);
    });
  const every = Math.ceil(all.length / MOST);
  return all.filter((_, i) => i % every === 0);
}

/** The same resource, claiming nothing or one profile alone. */
function subjectOf(tree: ResourceTree, profile?: string): Subject {
  const { meta: _meta, ...rest } = tree;
  const own = { ...rest, ...(profile !== undefined && { meta: { profile: [profile] } }) } as ResourceTree;
  const text = stringifyJson(own);
  return {
    tree: parseJson(text) as ResourceTree,
    plain: JSON.parse(text) as Resource,
    text,
    ...(profile !== undefined && { profile }),
  };
}

function claimOf({ meta }: ResourceTree): string | undefined {
  const [profile] = (meta as { readonly profile?: readonly string[] } | undefined)?.profile ?? [];
  return profile?.split('|')[0];
}

const structure = (definitions: Definitions, url: string): StructureDefinition | undefined => {
  const text = definitions.conformance('StructureDefinition', url);
  return text === undefined ? undefined : (JSON.parse(text) as StructureDefinition);
};

function teachMedplum(definitions: Definitions): void {
  const entry = [...definitions.canonicals('StructureDefinition')].flatMap((url) => {
    const resource = structure(definitions, url);
    return resource?.snapshot && resource.derivation !== 'constraint' ? [{ resource }] : [];
  });
  indexStructureDefinitionBundle({ resourceType: 'Bundle', type: 'collection', entry });
}

/** It throws for a resource that it finds wrong. */
function byMedplum(resource: Resource, profile?: StructureDefinition): void {
  try {
    validateResource(resource, profile && { profile });
  } catch {
    // that is an answer, too
  }
}

function works(
  definitions: Definitions,
  name: string,
  title: string,
  subjects: readonly Subject[],
): InProcess[] {
  const own = (): void => {
    for (const { tree } of subjects) validate(definitions, tree);
  };
  const profiles = new Map(
    subjects.flatMap(({ profile }) =>
      profile === undefined ? [] : [[profile, structure(definitions, profile)!]],
    ),
  );
  const medplum = (): void => {
    for (const { plain, profile } of subjects)
      byMedplum(plain, profile === undefined ? undefined : profiles.get(profile));
  };
  const parse = (): void => {
    for (const { text } of subjects) JSON.parse(text);
  };
  const units = subjects.length;
  return [
    { name: `validate-${name}`, title: `${title}, against @medplum/core`, units, floor: medplum, own },
    { name: `validate-${name}-floor`, title: `${title}, against JSON.parse`, units, floor: parse, own },
  ];
}

/** What to measure; nothing where the data is not at hand. */
export async function validateWork(say: (line: string) => void): Promise<readonly InProcess[]> {
  const resources = synthea();
  if (resources.length === 0 || !existsSync(US_CORE)) {
    say('validate was not run: its records and US Core are not here');
    return [];
  }
  const examples = await usCoreExamples();
  await coldCompile(examples, say);
  const definitions = await loadDefinitions({ packages: PACKAGES });
  teachMedplum(definitions);
  const claiming = examples.flatMap((tree) => {
    const claim = claimOf(tree);
    return claim !== undefined && structure(definitions, claim) ? [subjectOf(tree, claim)] : [];
  });
  say(`${resources.length} resources of Synthea, ${claiming.length} of US Core`);
  return [
    ...works(
      definitions,
      'r4',
      'R4',
      resources.map((tree) => subjectOf(tree)),
    ),
    ...works(definitions, 'us-core', 'US Core', claiming),
  ];
}

async function usCoreExamples(): Promise<readonly ResourceTree[]> {
  const files = await filesOfPacked(US_CORE, readFileSync(US_CORE), 'all');
  return files
    .filter(
      ({ name }) => name.startsWith('example/') && name.endsWith('.json') && !name.endsWith('.index.json'),
    )
    .map(({ bytes }) => parseJson(bytes.toString('utf8')) as ResourceTree)
    .filter(({ resourceType }) => typeof resourceType === 'string');
}

/** All examples with their profiles, first cold and then warm: the difference is what compiling costs. */
async function coldCompile(trees: readonly ResourceTree[], say: (line: string) => void): Promise<void> {
  const definitions = await loadDefinitions({ packages: PACKAGES });
  const pass = (): number => {
    const before = process.cpuUsage();
    for (const tree of trees) validate(definitions, tree);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const [cold, warm] = [pass(), pass()];
  const profiles = new Set(trees.map(claimOf)).size;
  say(
    `${trees.length} examples of US Core 6.1 with ${profiles} profiles: ${Math.round(cold)} ms of CPU cold, ${Math.round(warm)} ms once compiled: compiling takes ${Math.round(cold - warm)} ms`,
  );
}
