/**
 * The members of a value set, as `$expand` lists them: flat or below each other, a page or all, with the words and properties that were asked for.
 * https://hl7.org/fhir/R4/valueset-operation-expand.html
 */
import type {
  Extension,
  ValueSet,
  ValueSetExpansionContains,
  ValueSetExpansionParameter,
} from '@medplum/fhirtypes';
import { conceptProperties, conceptUris } from './concept-properties.ts';
import { compose, crossesVersions, notAtHand, type Composition } from './composition.ts';
import { pageOf } from './expansion-page.ts';
import type { Member } from './part.ts';
import { TxRefusal } from './issue.ts';
import { expansionParameter, SUPPLEMENT } from './settle.ts';
import type { Question } from './question.ts';
import type { World } from './world.ts';
import { SUPPLEMENT_OF } from './world.ts';
import { displayOf, isSame, wordsOf, PREFERRED, type Word } from './words.ts';

/** `identifier` and `timestamp` are of whoever asks. Throws TxRefusal. */
export function expand(
  world: World,
  question: Question,
  given: ValueSet | undefined,
  { identifier, timestamp }: { readonly identifier: string; readonly timestamp: string },
): ValueSet {
  const resource = given ?? asked(world, question);
  const composition = compose({ world, question }, resource);
  const page = pageOf(composition, question);
  const languaged = withLanguage(question, resource);
  const contains = page.members.map((member) => [member, line(member, languaged, page.hasVersions)] as const);
  const flat =
    question.flag('excludeNested') === true ||
    page.isPaged ||
    !composition.isTree ||
    isHitList(question, resource) ||
    resource.compose?.exclude !== undefined;
  const expansion = {
    identifier,
    timestamp,
    total: page.total,
    ...(page.offset !== undefined && { offset: page.offset }),
    parameter: parametersOf(languaged, composition),
    ...propertiesUsed(page.members, contains),
    ...(contains.length > 0 && { contains: flat ? contains.map(([, one]) => one) : nested(contains) }),
  };
  const { compose: composed, extension = [] } = resource;
  // What is said of the supplements has been done.
  const left = extension.filter(({ url }) => url !== SUPPLEMENT);
  return {
    ...headOf(resource),
    ...(left.length > 0 && { extension: left }),
    ...(question.flag('includeDefinition') === true && composed && { compose: composed }),
    expansion,
  };
}

/** What names a value set; its long texts are not repeated with every page of it. */
const HEAD = [
  'resourceType',
  'id',
  'language',
  'url',
  'identifier',
  'version',
  'name',
  'title',
  'status',
  'experimental',
  'date',
  'publisher',
];

const headOf = (resource: ValueSet): ValueSet =>
  Object.fromEntries(Object.entries(resource).filter(([name]) => HEAD.includes(name))) as unknown as ValueSet;

/** A search in a whole code system gives hits, not a tree. */
const isHitList = (question: Question, { compose: composed }: ValueSet): boolean =>
  question.text('filter') !== undefined &&
  (composed?.include ?? []).every(({ filter }) => filter === undefined);

/** The value set that a question names. */
export function asked(world: World, question: Question): ValueSet {
  const canonical = question.text('url') ?? '';
  if (canonical === '') {
    const text = 'Name the value set: url, or valueSet with the resource itself, or ask at ValueSet/[id]';
    throw new TxRefusal(400, { code: 'required', text, message: 'VALUESET_NOT_NAMED' });
  }
  const [url = '', version] = canonical.split('|');
  const wanted = version ?? question.text('valueSetVersion');
  const found = world.valueSet(url, wanted);
  if (found) return found;
  throw notAtHand(wanted === undefined ? url : `${url}|${wanted}`);
}

interface Languaged {
  readonly question: Question;
  readonly languages: Question['languages'];
}

/** The question's languages, else that of the value set. */
function withLanguage(question: Question, resource: ValueSet): Languaged {
  const own = expansionParameter(resource, 'displayLanguage') ?? resource.language;
  const languages =
    question.languages ?? (own === undefined ? undefined : { text: own, wanted: [own], isHard: false });
  return { question, languages };
}

/** R5 has properties of a line as an element, R4 as an extension of that name. https://hl7.org/fhir/R5/versions.html#extensions */
const LINE_PROPERTY =
  'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property';
const LIST_PROPERTY = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property';
const RENDERING = /^http:\/\/hl7\.org\/fhir\/StructureDefinition\/rendering-/;

function line(
  member: Member,
  { question, languages }: Languaged,
  hasVersions: boolean,
): ValueSetExpansionContains {
  const { concept, system, code, listed } = member;
  const display = displayOf(member, languages);
  const designation =
    question.flag('includeDesignations') === true ? designationsOf(member, display, question) : [];
  const properties = conceptProperties(member, question.texts('property'));
  const extension: Extension[] = [
    ...[...(concept?.source.extension ?? []), ...(listed?.extension ?? [])].filter(({ url }) =>
      RENDERING.test(url ?? ''),
    ),
    ...properties.map(({ code: name, value }) => ({
      url: LINE_PROPERTY,
      extension: [
        { url: 'code', valueCode: name },
        { url: 'value', ...value },
      ],
    })),
  ];
  return {
    ...(extension.length > 0 && { extension: lastOfEach(extension) }),
    system,
    ...(concept?.isAbstract && { abstract: true }),
    ...(concept?.isInactive && { inactive: true }),
    ...(hasVersions && member.version !== undefined && { version: member.version }),
    code,
    ...(display !== undefined && { display: display.value }),
    ...(designation.length > 0 && { designation }),
  } as ValueSetExpansionContains;
}

/** Of two renderings of one kind the later counts: that of the supplement. Properties repeat. */
function lastOfEach(extensions: readonly Extension[]): Extension[] {
  return extensions.filter(
    ({ url }, at) => url === LINE_PROPERTY || extensions.findLastIndex((other) => other.url === url) === at,
  );
}

function designationsOf(member: Member, display: Word | undefined, question: Question): object[] {
  const wanted = question.texts('designation');
  return wordsOf(member)
    .filter((word) => !(display && isSame(word, display)) && isWanted(word, wanted))
    .map(({ value, language, designation }) =>
      designation
        ? plain(designation)
        : { ...(language !== undefined && { language }), use: PREFERRED, value },
    );
}

function plain({ extension = [], ...rest }: NonNullable<Word['designation']>): object {
  const own = extension.filter(({ url }) => url !== SUPPLEMENT_OF);
  return { ...(own.length > 0 && { extension: own }), ...rest };
}

/** `urn:ietf:bcp:47|es`, or `system|code` of a use. */
function isWanted({ language, designation }: Word, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  return wanted.some((one) => {
    const [system, code] = one.split('|');
    if (system === 'urn:ietf:bcp:47') return language === code;
    return designation?.use?.system === system && designation?.use?.code === code;
  });
}

/** Below each other as in the code system, as far as those above are members themselves. */
function nested(
  lines: readonly (readonly [Member, ValueSetExpansionContains])[],
): ValueSetExpansionContains[] {
  const byConcept = new Map(lines.map(([{ concept }, one]) => [concept, one] as const));
  const roots: ValueSetExpansionContains[] = [];
  const children = new Map<ValueSetExpansionContains, ValueSetExpansionContains[]>();
  for (const [{ concept }, one] of lines) {
    const above = concept?.parents
      .map((parent) => byConcept.get(parent))
      .find((parent) => parent !== undefined);
    if (!above) roots.push(one);
    else children.set(above, [...(children.get(above) ?? []), one]);
  }
  const seen = new Set<ValueSetExpansionContains>();
  const grown = (one: ValueSetExpansionContains): ValueSetExpansionContains => {
    seen.add(one);
    const below = (children.get(one) ?? []).filter((child) => !seen.has(child)).map(grown);
    return below.length > 0 ? { ...one, contains: below } : one;
  };
  const grownRoots = roots.map(grown);
  // Concepts that stand above each other in a circle have no root: they are listed all the same.
  return [...grownRoots, ...lines.map(([, one]) => one).filter((one) => !seen.has(one))];
}

const ECHOED = [
  'activeOnly',
  'count',
  'designation',
  'excludeNested',
  'excludeNotForUI',
  'filter',
  'includeDesignations',
  'includeDefinition',
  'offset',
] as const;

function parametersOf(
  { question, languages }: Languaged,
  composition: Composition,
): ValueSetExpansionParameter[] {
  const { used } = composition;
  const echoed = question.parameters.flatMap(({ name, ...rest }): ValueSetExpansionParameter[] =>
    (ECHOED as readonly string[]).includes(name ?? '') ? [{ name, ...simple(rest) }] : [],
  );
  const language = languages && [{ name: 'displayLanguage', valueCode: languages.text }];
  const uri =
    (name: string) =>
    (valueUri: string): ValueSetExpansionParameter => ({ name, valueUri });
  return [
    ...echoed,
    ...(language ?? []),
    ...[...used.systems].map(uri('used-codesystem')),
    ...[...used.sets].map(uri('used-valueset')),
    ...[...used.supplements].map(uri('used-supplement')),
    ...[...used.unknown].map(uri('warning-unknown-codesystem')),
    ...(crossesVersions(composition) ? [{ name: 'versionsMatch', valueBoolean: true }] : []),
  ];
}

/** Only values that a parameter of an expansion may have. */
function simple(rest: object): Partial<ValueSetExpansionParameter> {
  const entry = Object.entries(rest).find(([name]) =>
    /^value(?:String|Boolean|Integer|Decimal|Uri|Code|DateTime)$/.test(name),
  );
  if (entry) return { [entry[0]]: entry[1] as never };
  const other = Object.entries(rest).find(([name]) => name.startsWith('value'));
  return other ? { valueString: String(other[1]) } : {};
}

/** Which properties the lines carry, and what each means. */
function propertiesUsed(
  members: readonly Member[],
  lines: readonly (readonly [Member, ValueSetExpansionContains])[],
): { readonly extension?: Extension[] } {
  const codes = new Set(
    lines.flatMap(([, { extension = [] }]) =>
      extension
        .filter(({ url }) => url === LINE_PROPERTY)
        .flatMap((one) => one.extension?.[0]?.valueCode ?? []),
    ),
  );
  if (codes.size === 0) return {};
  const uris = conceptUris(members);
  return {
    extension: [...codes].map((code) => {
      const uri = uris.get(code);
      return {
        url: LIST_PROPERTY,
        extension: [
          { url: 'code', valueCode: code },
          ...(uri === undefined ? [] : [{ url: 'uri', valueUri: uri }]),
        ],
      };
    }),
  };
}
