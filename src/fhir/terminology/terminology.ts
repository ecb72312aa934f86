/**
 * What codes mean, from the definitions at hand: code systems and value sets of the standard, of packages and of what was posted, each compiled when it is
 * first asked for. Search, validation and REST ask here and nowhere else. https://hl7.org/fhir/R4/terminology-module.html
 */
import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { graphOf, type CodeSystemGraph } from './code-system.ts';
import { compileValueSet, type CompiledValueSet, type Shelf } from './value-set.ts';

export interface Terminology {
  /** by url, and version where one is named; undefined: not at hand */
  codeSystem(url: string, version?: string): CodeSystemGraph | undefined;
  /** by canonical, perhaps with `|version`; the whole of a code system has its `valueSet` url, too. Undefined: not at hand */
  valueSet(canonical: string): CompiledValueSet | undefined;
}

const known = new WeakMap<Definitions, Terminology>();

export function terminologyOf(definitions: Definitions): Terminology {
  let terminology = known.get(definitions);
  if (!terminology) known.set(definitions, (terminology = makeTerminology(definitions)));
  return terminology;
}

function makeTerminology(definitions: Definitions): Terminology {
  const systems = new Map<string, CodeSystemGraph | undefined>();
  const sets = new Map<string, CompiledValueSet | undefined>();
  const inWork = new Set<string>();
  const resource = <T>(type: string, canonical: string): T | undefined => {
    const text = definitions.conformance(type, canonical);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const shelf: Shelf = {
    codeSystem(url, version) {
      const canonical = version === undefined ? url : `${url}|${version}`;
      if (!systems.has(canonical)) {
        const found = resource<CodeSystem>('CodeSystem', canonical);
        remember(systems, canonical, found && graphOf(found));
      }
      return systems.get(canonical);
    },
    valueSet(canonical) {
      if (sets.has(canonical)) return sets.get(canonical);
      if (inWork.has(canonical)) return undefined;
      inWork.add(canonical);
      try {
        const found = resource<ValueSet>('ValueSet', canonical);
        return remember(sets, canonical, found && compileValueSet(shelf, found));
      } finally {
        inWork.delete(canonical);
      }
    },
  };
  return shelf;
}

/** Most names that are kept: what is asked for may come from any request. */
const MOST_KEPT = 20_000;

function remember<T>(map: Map<string, T>, key: string, value: T): T {
  if (map.size >= MOST_KEPT) map.clear();
  map.set(key, value);
  return value;
}
