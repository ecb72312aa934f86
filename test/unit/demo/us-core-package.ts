// Reads the US Core package of the shared data: a gzipped tar of JSON files. https://hl7.org/fhir/us/core/STU6.1/
import type { CodeSystem, ElementDefinition, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Package {
  readonly profiles: ReadonlyMap<string, StructureDefinition>;
  readonly valueSets: ReadonlyMap<string, ValueSet>;
  readonly codeSystems: ReadonlyMap<string, CodeSystem>;
}

const BLOCK = 512;

/** Names and contents of the files of a tar. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function* filesOf(tar: Buffer): Generator<readonly [name: string, text: string]> {
  const field = (from: number, at: number, length: number): string =>
    tar.toString('latin1', from + at, from + at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const size = parseInt(field(at, 124, 12).trim(), 8) || 0;
    yield [field(at, 0, 100), tar.toString('utf8', at + BLOCK, at + BLOCK + size)];
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

const KINDS = /^package\/(StructureDefinition|ValueSet|CodeSystem)-[^/]*\.json$/;

export function readPackage(path: string): Package {
  const profiles = new Map<string, StructureDefinition>();
  const valueSets = new Map<string, ValueSet>();
  const codeSystems = new Map<string, CodeSystem>();
  for (const [name, text] of filesOf(gunzipSync(readFileSync(path)))) {
    if (!KINDS.test(name)) continue;
    const resource = JSON.parse(text) as StructureDefinition | ValueSet | CodeSystem;
    if (resource.resourceType === 'StructureDefinition') profiles.set(resource.url, resource);
    else if (resource.resourceType === 'ValueSet') valueSets.set(resource.url!, resource);
    else codeSystems.set(resource.url!, resource);
  }
  return { profiles, valueSets, codeSystems };
}

const flagged = (
  extension: readonly { url?: string; valueBoolean?: boolean }[] | undefined,
  end: string,
): boolean =>
  (extension ?? []).some(({ url, valueBoolean }) => url?.endsWith(end) === true && valueBoolean === true);

/** Must-support, or must-support for USCDI, which US Core marks by an extension. */
export const isDemanded = (element: ElementDefinition): boolean =>
  element.mustSupport === true || flagged(element.extension, 'uscdi-requirement');

/** Types of a choice that must each be supported; empty where any will do. */
export const demandedTypes = (element: ElementDefinition): readonly string[] =>
  (element.type ?? [])
    .filter(({ extension }) => flagged(extension, 'type-must-support'))
    .map(({ code }) => code);

/** Profiles that a reference must each be able to point to; empty where any will do. */
export function demandedTargets(element: ElementDefinition): readonly string[] {
  return (element.type ?? []).flatMap((type) => {
    const marks = (type as { _targetProfile?: ({ extension?: never[] } | null)[] })._targetProfile ?? [];
    return (type.targetProfile ?? []).filter((_, index) =>
      flagged(marks[index]?.extension, 'type-must-support'),
    );
  });
}
