/** The codes that have these properties. https://hl7.org/fhir/R4/codesystem-operation-find-matches.html */
import type { CodeSystem, Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { Concept } from './code-system.ts';
import { isIndexed, type ConceptIndex } from './concept-index.ts';
import { and, idsOf, or } from './concept-set.ts';
import { equalSet } from './indexed-part.ts';
import { TxRefusal } from './issue.ts';
import { unknownSystem } from './lookup.ts';
import type { Question } from './question.ts';
import type { World } from './world.ts';

const MOST = 100;

interface Wanted {
  readonly code: string;
  readonly value: string;
}

export function findMatches(world: World, question: Question, given: CodeSystem | undefined): Parameters {
  const system = given?.url ?? question.text('system');
  if (system === undefined) {
    throw new TxRefusal(400, {
      code: 'required',
      text: 'Name the code system: system',
      message: 'CODESYSTEM_NOT_NAMED',
    });
  }
  const graph = world.codeSystem(system, question.text('version'));
  if (!graph) throw unknownSystem(system, question.text('version'));
  const wanted = question.parameters.flatMap(wantedOf);
  if (wanted.length === 0) {
    throw new TxRefusal(400, {
      code: 'required',
      text: 'Name what the code has: property with parts code and value',
      message: 'PROPERTY_NOT_NAMED',
    });
  }
  const isExact = question.flag('exact') === true;
  const matches: ParametersParameter[] = [];
  for (const concept of isIndexed(graph) ? candidates(graph.index, wanted, isExact) : graph.concepts) {
    const met = wanted.filter((one) => has(concept, one));
    if (isExact ? met.length < wanted.length : met.length === 0) continue;
    matches.push(
      matchOf(
        system,
        concept,
        wanted.filter((one) => !met.includes(one)),
      ),
    );
    if (matches.length === MOST) break;
  }
  return { resourceType: 'Parameters', parameter: matches };
}

/** Of a large code system only those that have one of the properties are looked at. */
function* candidates(index: ConceptIndex, wanted: readonly Wanted[], isExact: boolean): Generator<Concept> {
  const found = wanted.map(({ code, value }) =>
    code === 'display' ? index.named(value.split(/\s+/)) : equalSet(index, code, value),
  );
  for (const id of idsOf(found.reduce(isExact ? and : or))) yield index.concept(id);
}

function wantedOf({ name, part = [] }: ParametersParameter): Wanted[] {
  if (name !== 'property') return [];
  const code = part.find((one) => one.name === 'code')?.valueCode;
  const value = part.find((one) => one.name === 'value');
  const said =
    value &&
    (value.valueCode ??
      value.valueString ??
      value.valueCoding?.code ??
      value.valueBoolean ??
      value.valueInteger ??
      value.valueDecimal ??
      value.valueDateTime);
  return code === undefined || said === undefined ? [] : [{ code, value: String(said) }];
}

function has(concept: Concept, { code, value }: Wanted): boolean {
  if (code === 'code') return concept.code === value;
  if (code === 'display') return concept.display?.toLowerCase() === value.toLowerCase();
  if (code === 'parent') return concept.parents.some((one) => one.code === value);
  if (code === 'child') return concept.children.some((one) => one.code === value);
  return concept.properties.get(code)?.includes(value) ?? false;
}

const matchOf = (
  system: string,
  { code, display }: Concept,
  unmatched: readonly Wanted[],
): ParametersParameter => ({
  name: 'match',
  part: [
    { name: 'code', valueCoding: { system, code, ...(display !== undefined && { display }) } },
    ...unmatched.map((one) => ({
      name: 'unmatched',
      part: [
        { name: 'code', valueCode: one.code },
        { name: 'value', valueString: one.value },
      ],
    })),
  ],
});
