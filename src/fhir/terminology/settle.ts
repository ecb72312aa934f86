/**
 * Which version of which code system one question about a value set means, and with which supplements: what an include names, what the question says, else
 * the newest. https://hl7.org/fhir/R4/valueset-operation-expand.html (system-version, check-system-version, force-system-version)
 */
import type { ValueSet } from '@medplum/fhirtypes';
import type { CodeSystemGraph } from './code-system.ts';
import { TxRefusal } from './issue.ts';
import { versionsBySystem, type Question } from './question.ts';
import { canonicalOf, type World } from './world.ts';

/** What was drawn on, told in the answer. */
export interface Used {
  readonly systems: Set<string>;
  readonly sets: Set<string>;
  readonly supplements: Set<string>;
  /** code systems that would be needed and are not at hand */
  readonly unknown: Set<string>;
}

export interface Rules {
  readonly world: World;
  readonly question: Question;
}

const EXPANSION_PARAMETER = 'http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter';
export const SUPPLEMENT = 'http://hl7.org/fhir/StructureDefinition/valueset-supplement';

/** The rules with what the value set itself adds to them. */
export interface Settled extends Rules {
  readonly resource: ValueSet;
  readonly used: Used;
  readonly versionsMatch: boolean;
  graphOf(system: string, version?: string): CodeSystemGraph | undefined;
}

export function settle(rules: Rules, resource: ValueSet, used: Used): Settled {
  const { world, question } = rules;
  const supplements = [
    ...(resource.extension ?? []).flatMap(({ url, valueCanonical }) =>
      url === SUPPLEMENT && valueCanonical ? [valueCanonical] : [],
    ),
    ...question.texts('useSupplement'),
  ];
  // One that is asked for and not at hand is told, whatever it is about.
  for (const canonical of supplements) world.supplemented(NO_SYSTEM, [canonical]);
  const wanted = versionsBySystem(question.texts('system-version'));
  const forced = versionsBySystem(question.texts('force-system-version'));
  const checked = versionsBySystem(question.texts('check-system-version'));
  const graphOf = (system: string, version?: string): CodeSystemGraph | undefined => {
    const asked = forced.get(system) ?? version ?? wanted.get(system) ?? checked.get(system);
    const found = world.codeSystem(system, asked);
    if (!found) return undefined;
    const check = checked.get(system);
    if (check !== undefined && world.codeSystem(system, check)?.version !== found.version)
      throw wrongVersion(system, found.version, check);
    used.systems.add(canonicalOf(found));
    for (const canonical of supplements) {
      const supplement = world.supplement(canonical)!;
      if ((supplement.supplements ?? '').split('|')[0] === system)
        used.supplements.add(canonicalOf(supplement));
    }
    return world.supplemented(found, supplements);
  };
  return {
    ...rules,
    resource,
    used,
    versionsMatch: expansionParameter(resource, 'versionsMatch') === 'true',
    graphOf,
  };
}

const NO_SYSTEM = { url: '', version: undefined } as CodeSystemGraph;

/** What a value set itself says of how it is to be expanded. */
export function expansionParameter({ compose: composed }: ValueSet, name: string): string | undefined {
  const said = (composed?.extension ?? []).filter(({ url }) => url === EXPANSION_PARAMETER);
  const one = said.find(({ extension = [] }) =>
    extension.some((part) => part.url === 'name' && (part.valueCode ?? part.valueString) === name),
  );
  const value = one?.extension?.find(({ url }) => url === 'value');
  return (
    value?.valueCode ??
    value?.valueString ??
    (value?.valueBoolean === undefined ? undefined : String(value.valueBoolean))
  );
}

function wrongVersion(system: string, version: string | undefined, check: string): TxRefusal {
  const text = `The version '${version ?? ''}' is not allowed for system '${system}': required to be '${check}' by a version-check parameter`;
  return new TxRefusal(422, {
    code: 'exception',
    type: 'version-error',
    text,
    message: 'VALUESET_VERSION_CHECK',
  });
}
