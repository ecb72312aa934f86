/** Code systems of bound elements: `Observation.status` has no system in JSON, its value set says which. https://hl7.org/fhir/R4/terminologies.html#code */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';

/** A code system, with the codes that a value set takes of it where it lists them. */
export type BoundSystem = readonly [system: string, codes: ReadonlySet<string> | undefined];

interface Include {
  readonly system?: string;
  readonly concept?: readonly { readonly code: string }[];
}

const kept = new WeakMap<Definitions, Map<string, readonly BoundSystem[]>>();

/** The systems of the value set that an element is bound to; none where there is no required binding or its value set is not known. */
export function bindingSystems(
  definitions: Definitions,
  { binding }: ElementDefinition,
): readonly BoundSystem[] {
  if (binding?.strength !== 'required') return [];
  let known = kept.get(definitions);
  if (!known) kept.set(definitions, (known = new Map<string, readonly BoundSystem[]>()));
  const url = binding.valueSet.split('|', 1)[0]!;
  let systems = known.get(url);
  if (!systems) known.set(url, (systems = systemsOf(definitions.conformance('ValueSet', url))));
  return systems;
}

function systemsOf(valueSet: string | undefined): BoundSystem[] {
  if (valueSet === undefined) return [];
  const { compose } = JSON.parse(valueSet) as { compose?: { include?: readonly Include[] } };
  return (compose?.include ?? []).flatMap(({ system, concept }): BoundSystem[] =>
    system === undefined ? [] : [[system, concept && new Set(concept.map(({ code }) => code))]],
  );
}
