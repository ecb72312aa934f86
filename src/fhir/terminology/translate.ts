/**
 * From a code of one system to those of another, by the ConceptMaps at hand: forwards, or backwards where the target is given.
 * https://hl7.org/fhir/R4/conceptmap-operation-translate.html
 */
import type {
  Coding,
  ConceptMap,
  ConceptMapGroup,
  ConceptMapGroupElement,
  ConceptMapGroupElementTarget,
  ConceptMapGroupElementTargetDependsOn,
  Parameters,
  ParametersParameter,
} from '@medplum/fhirtypes';
import { TxRefusal } from './issue.ts';
import type { Question } from './question.ts';
import { canonicalOf, type World } from './world.ts';

interface Match {
  readonly equivalence: string;
  /** the code that was found */
  readonly concept: Coding;
  /** the code of the map's source side, where it was looked for backwards */
  readonly source?: Coding;
  readonly product: readonly ConceptMapGroupElementTargetDependsOn[];
  readonly map: ConceptMap;
}

/** Throws TxRefusal where the question names no code, or a map that is not at hand. */
export function translate(world: World, question: Question, given: ConceptMap | undefined): Parameters {
  const wanted = wantedOf(question);
  const matches = distinct(mapsOf(world, question, given).flatMap((map) => matchesIn(map, wanted)));
  const isFound = matches.some(({ equivalence }) => !['unmatched', 'disjoint'].includes(equivalence));
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'result', valueBoolean: isFound },
      ...(matches.length === 0 ? [{ name: 'message', valueString: nothingFor(wanted) }] : []),
      ...matches.map(matchParameter),
    ],
  };
}

/** What two maps say alike is told once. */
function distinct(matches: readonly Match[]): readonly Match[] {
  const seen = new Set<string>();
  return matches.filter(({ map: _map, ...said }) => {
    const key = JSON.stringify(said);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

interface Wanted {
  readonly codings: readonly Coding[];
  readonly isReverse: boolean;
  readonly sourceSystem: string | undefined;
  readonly targetSystem: string | undefined;
  /** value sets of the map's sides */
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly dependencies: ReadonlyMap<string, string>;
}

function wantedOf(question: Question): Wanted {
  const isReverse =
    question.flag('reverse') === true ||
    question.text('targetCode') !== undefined ||
    question.coding('targetCoding') !== undefined;
  const sourceSystem = question.text('sourceSystem') ?? question.text('system');
  const targetSystem = question.text('targetSystem') ?? question.text('targetsystem');
  const code =
    question.text(isReverse && question.text('targetCode') !== undefined ? 'targetCode' : 'sourceCode') ??
    question.text('code');
  const system = isReverse && question.text('targetCode') !== undefined ? targetSystem : sourceSystem;
  const coding =
    question.coding('targetCoding') ?? question.coding('sourceCoding') ?? question.coding('coding');
  const codings = coding
    ? [coding]
    : (question.codeableConcept()?.coding ??
      (code === undefined ? [] : [{ code, ...(system !== undefined && { system }) }]));
  if (codings.length === 0) {
    const text =
      'Name the code to translate: code and system, coding, or codeableConcept (targetCode and targetSystem to go backwards)';
    throw new TxRefusal(400, { code: 'required', text, message: 'CODE_NOT_NAMED' });
  }
  return {
    codings,
    isReverse,
    sourceSystem: isReverse ? sourceSystem : undefined,
    targetSystem: isReverse ? undefined : targetSystem,
    source: question.text('source') ?? question.text('sourceScope'),
    target: question.text('target') ?? question.text('targetScope'),
    dependencies: dependenciesOf(question),
  };
}

/** `dependency`: further facts on which a mapping may hang. */
function dependenciesOf({ parameters }: Question): ReadonlyMap<string, string> {
  const all = parameters.filter(({ name }) => name === 'dependency');
  return new Map(
    all.flatMap(({ part = [] }) => {
      const property = part.find(({ name }) => name === 'element' || name === 'attribute')?.valueUri;
      const concept = part.find(({ name }) => name === 'concept')?.valueCodeableConcept?.coding?.[0];
      return property === undefined || concept?.code === undefined ? [] : [[property, concept.code] as const];
    }),
  );
}

function mapsOf(world: World, question: Question, given: ConceptMap | undefined): readonly ConceptMap[] {
  if (given) return [given];
  const canonical = question.text('url') ?? question.text('conceptMap');
  const inline = question.resource<ConceptMap>('conceptMap');
  if (inline) return [inline];
  if (canonical === undefined) return [...world.conceptMaps()];
  const [url = '', version] = canonical.split('|');
  const found = world.conceptMap(url, version ?? question.text('conceptMapVersion'));
  if (found) return [found];
  const text = `A definition for the ConceptMap '${canonical}' could not be found: load a package that has it, or POST it`;
  throw new TxRefusal(404, { code: 'not-found', type: 'not-found', text, message: 'CONCEPTMAP_NOT_FOUND' });
}

function matchesIn(map: ConceptMap, wanted: Wanted): Match[] {
  if (!fitsScope(map, wanted)) return [];
  return wanted.codings.flatMap((coding) =>
    (map.group ?? []).flatMap((group) =>
      wanted.isReverse ? backwards(map, group, coding, wanted) : forwards(map, group, coding, wanted),
    ),
  );
}

function fitsScope(map: ConceptMap, { source, target }: Wanted): boolean {
  const [from, to] = [map.sourceUri ?? map.sourceCanonical, map.targetUri ?? map.targetCanonical];
  return (source === undefined || from === source) && (target === undefined || to === target);
}

const bare = (canonical: string | undefined): string | undefined => canonical?.split('|')[0];

function forwards(map: ConceptMap, group: ConceptMapGroup, coding: Coding, wanted: Wanted): Match[] {
  if (coding.system !== undefined && bare(group.source) !== coding.system) return [];
  if (wanted.targetSystem !== undefined && bare(group.target) !== wanted.targetSystem) return [];
  const element = group.element.find(({ code }) => code === coding.code);
  const targets = (element?.target ?? []).filter((target) => dependsOnFits(target, wanted.dependencies));
  if (targets.length > 0) return targets.map((target) => forwardMatch(map, group, target));
  return element ? [] : unmapped(map, group, coding);
}

function forwardMatch(map: ConceptMap, group: ConceptMapGroup, target: ConceptMapGroupElementTarget): Match {
  const { code, display, equivalence, product = [] } = target;
  return {
    map,
    equivalence: equivalence ?? 'relatedto',
    concept: codingOf(group.target, code, display),
    product,
  };
}

const codingOf = (
  system: string | undefined,
  code: string | undefined,
  display: string | undefined,
): Coding => ({
  ...(system !== undefined && { system: bare(system)! }),
  ...(code !== undefined && { code }),
  ...(display !== undefined && { display }),
});

function dependsOnFits(
  { dependsOn = [] }: ConceptMapGroupElementTarget,
  dependencies: ReadonlyMap<string, string>,
): boolean {
  return dependsOn.every(({ property, value }) => dependencies.get(property ?? '') === value);
}

/** https://hl7.org/fhir/R4/conceptmap.html#unmapped */
function unmapped(map: ConceptMap, { unmapped: rule, target }: ConceptMapGroup, coding: Coding): Match[] {
  if (rule?.mode === 'provided')
    return [
      { map, equivalence: 'equivalent', concept: codingOf(target, coding.code, coding.display), product: [] },
    ];
  if (rule?.mode === 'fixed')
    return [
      { map, equivalence: 'relatedto', concept: codingOf(target, rule.code, rule.display), product: [] },
    ];
  return [];
}

function backwards(map: ConceptMap, group: ConceptMapGroup, coding: Coding, wanted: Wanted): Match[] {
  if (coding.system !== undefined && bare(group.target) !== coding.system) return [];
  if (wanted.sourceSystem !== undefined && bare(group.source) !== wanted.sourceSystem) return [];
  const hits = group.element.flatMap((element) =>
    reached(element, coding, wanted).map((target) => ({ element, target })),
  );
  return hits.map(({ element, target }) => ({
    map,
    equivalence: target.equivalence ?? 'relatedto',
    concept: codingOf(group.target, coding.code, undefined),
    source: codingOf(group.source, element.code, element.display),
    product: target.product ?? [],
  }));
}

const reached = (
  { target = [] }: ConceptMapGroupElement,
  coding: Coding,
  wanted: Wanted,
): ConceptMapGroupElementTarget[] =>
  target.filter((one) => one.code === coding.code && dependsOnFits(one, wanted.dependencies));

function matchParameter({ equivalence, concept, source, product, map }: Match): ParametersParameter {
  return {
    name: 'match',
    part: [
      { name: 'equivalence', valueCode: equivalence },
      { name: 'concept', valueCoding: concept },
      ...(source ? [{ name: 'source', valueCoding: source }] : []),
      ...product.map(productPart),
      ...(map.url !== undefined ? [{ name: 'originMap', valueCanonical: canonicalOf(map) }] : []),
    ],
  };
}

const productPart = ({
  property,
  system,
  value,
  display,
}: ConceptMapGroupElementTargetDependsOn): ParametersParameter => ({
  name: 'product',
  part: [
    { name: 'element', valueUri: property },
    { name: 'concept', valueCoding: codingOf(system, value, display) },
  ],
});

function nothingFor({ codings, isReverse }: Wanted): string {
  const said = codings.map(({ system, code }) => `${system ?? ''}#${code ?? ''}`).join(', ');
  return `No map at hand leads ${isReverse ? 'to' : 'from'} ${said}`;
}
