/**
 * The CapabilityStatement and the TerminologyCapabilities: the base statement, filled with what the registry defines and the server serves.
 * https://hl7.org/fhir/R4/http.html#capabilities, https://hl7.org/fhir/R4/capabilitystatement.html
 */
import type { Definitions, SearchParameter } from '../../fhir/definitions/registry.ts';
import { TERMINOLOGY_OPERATIONS } from '../terminology-operations.ts';
import type { JsonObject, JsonValue } from '../../fhir/model/tree.ts';
import { MODIFIERS } from '../../fhir/search/condition.ts';
import { isServed } from '../../fhir/search/extract.ts';
import { CONTENT } from '../../fhir/search/full-text.ts';
import { NAMED_QUERIES } from '../../fhir/search/named-query.ts';
import { referenceTargets } from '../../fhir/search/reference.ts';
import { normativePart } from './normative.ts';

export interface CapabilityOptions {
  readonly baseUrl: string;
  /** dateTime since which the server claims this */
  readonly date: string;
  /** of the software */
  readonly version: string;
  /** `rest.security` of this server; what the base has when absent */
  readonly security?: JsonObject;
  readonly mode: 'full' | 'normative' | 'terminology';
  /** as the operator has set it; `multiple` when not given */
  readonly conditionalDelete?: 'single' | 'multiple';
  /** whether dangling local references are refused; true when not given */
  readonly referentialIntegrity?: boolean;
}

/** What capability-statement/base.json has: a CapabilityStatement whose one `rest.resource` is the pattern of all types. */
export interface BaseStatement {
  readonly software: { readonly name: string };
  readonly implementation: { readonly description: string };
  readonly rest: readonly {
    readonly documentation: string;
    readonly resource: readonly { readonly referencePolicy: readonly string[] }[];
  }[];
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const made = new WeakMap<Definitions, Map<string, JsonObject>>();

/** The statement for a mode, made once for each registry and options. It is shared: do not change it. */
export function capabilityStatement(
  base: BaseStatement,
  definitions: Definitions,
  options: CapabilityOptions,
): JsonObject {
  let known = made.get(definitions);
  if (!known) made.set(definitions, (known = new Map<string, JsonObject>()));
  const key = JSON.stringify(options);
  let statement = known.get(key);
  if (!statement) known.set(key, (statement = make(base, definitions, options)));
  return statement;
}

function make(base: BaseStatement, definitions: Definitions, options: CapabilityOptions): JsonObject {
  if (options.mode === 'terminology') return terminologyCapabilities(base, definitions, options);
  const full = fullStatement(base, definitions, options);
  return options.mode === 'normative' ? normativePart(definitions, full) : full;
}

function fullStatement(
  base: BaseStatement,
  definitions: Definitions,
  options: CapabilityOptions,
): JsonObject {
  const { rest, ...head } = base;
  const [{ resource, ...server }] = rest as [BaseStatement['rest'][number]];
  const pattern = asSet(resource[0]!, options);
  const profiles = profilesByType(definitions);
  const reverse = reverseIncludes(definitions);
  const types = definitions.resourceTypes.map((type) =>
    resourceEntry(definitions, type, {
      baseUrl: options.baseUrl,
      pattern,
      supported: profiles.get(type),
      reverse: reverse.get(type),
    }),
  );
  return {
    ...toJson(head),
    url: `${options.baseUrl}/metadata`,
    version: options.version,
    date: options.date,
    software: { ...base.software, version: options.version },
    implementation: { ...base.implementation, url: options.baseUrl },
    rest: [
      {
        ...withTerminology(ownDefinitions(toJson(server), options.baseUrl)),
        ...(options.security && { security: options.security }),
        documentation: `${server.documentation} ${modifiersText()}`,
        resource: types,
        searchParam: searchParams(parametersOfAll(definitions)),
        compartment: [...definitions.canonicals('CompartmentDefinition')],
      },
    ],
  };
}

/** The statement has no element for modifiers: they are told in words, from the table that the planner reads. */
function modifiersText(): string {
  const types = Object.entries(MODIFIERS).map(
    ([type, names]) => `${type} ${['missing', ...names].map((name) => `:${name}`).join(' ')}`,
  );
  return `Modifiers by type of parameter: ${types.join(', ')}; references also take :[type].`;
}

const toJson = (part: object): JsonObject => part as JsonObject;

/** The pattern as the operator's settings have it. */
function asSet(
  pattern: BaseStatement['rest'][number]['resource'][number],
  options: CapabilityOptions,
): JsonObject {
  const { conditionalDelete = 'multiple', referentialIntegrity = true } = options;
  const referencePolicy = pattern.referencePolicy.filter((one) => one !== 'enforced' || referentialIntegrity);
  return { ...toJson(pattern), conditionalDelete, referencePolicy };
}

function resourceEntry(
  definitions: Definitions,
  type: string,
  { baseUrl, pattern, supported = [], reverse = [] }: ResourceParts,
): JsonObject {
  const entry: JsonObject = { ...pattern, type, profile: CORE + type };
  if (supported.length > 0) entry['supportedProfile'] = [...supported];
  entry['searchInclude'] = [
    '*',
    `${type}:*`,
    ...references(definitions, type).map(({ code }) => `${type}:${code}`),
  ];
  entry['searchRevInclude'] = ['*', ...reverse];
  entry['searchParam'] = searchParams(definitions.searchParameters(type).values());
  const queries = NAMED_QUERIES.filter((one) => one.type === type).map(({ name }) => ({
    name,
    definition: `${baseUrl}/OperationDefinition/embergate-${name}`,
  }));
  const operations = [...operationsOf(pattern), ...terminologyOf(type), ...queries];
  if (operations.length > 0) entry['operation'] = operations;
  return entry;
}

const operationsOf = ({ operation }: JsonObject): readonly JsonValue[] =>
  Array.isArray(operation) ? operation : [];

/** What this server defines itself is named relative to its base in the pattern. */
function ownDefinitions(rest: JsonObject, baseUrl: string): JsonObject {
  const operation = operationsOf(rest).map((one) => {
    const { definition, ...others } = one as JsonObject;
    const isOwn = typeof definition === 'string' && definition.startsWith('OperationDefinition/');
    return { ...others, definition: isOwn ? `${baseUrl}/${definition}` : definition! };
  });
  return { ...rest, operation };
}

const OPERATION = 'http://hl7.org/fhir/OperationDefinition/';

/** The terminology operations of a type; what R4 does not define has a name of its own. */
function terminologyOf(type: string): JsonObject[] {
  const own = TERMINOLOGY_OPERATIONS.filter((one) => one.startsWith(`${type}/$`));
  return own.map((one) => operationEntry(one.split('$')[1]!, type));
}

function operationEntry(name: string, type: string): JsonObject {
  const isR4 = name !== 'batch-validate-code';
  return { name, definition: isR4 ? `${OPERATION}${type}-${name}` : `urn:embergate:operation:${name}` };
}

/** Those of the whole server. */
function withTerminology(rest: JsonObject): JsonObject {
  const own = [operationEntry('closure', 'ConceptMap'), operationEntry('versions', 'CapabilityStatement')];
  return { ...rest, operation: [...operationsOf(rest), ...own] };
}

interface ResourceParts {
  readonly baseUrl: string;
  readonly pattern: JsonObject;
  readonly supported?: readonly string[];
  readonly reverse?: readonly string[];
}

function references(definitions: Definitions, type: string): SearchParameter[] {
  const all = [...definitions.searchParameters(type).values()];
  return all
    .filter((one) => one.type === 'reference' && isServed(one))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** By type: the reference parameters of any type that may lead to it. */
function reverseIncludes(definitions: Definitions): Map<string, string[]> {
  const found = new Map<string, string[]>(definitions.resourceTypes.map((type) => [type, []]));
  for (const source of definitions.resourceTypes) {
    for (const parameter of references(definitions, source)) {
      for (const target of referenceTargets(definitions, parameter, source))
        found.get(target)?.push(`${source}:${parameter.code}`);
    }
  }
  return found;
}

function searchParams(parameters: Iterable<SearchParameter>): JsonValue[] {
  const served = [...parameters]
    .filter((one) => isServed(one) || one.code === CONTENT)
    .sort((a, b) => (a.code < b.code ? -1 : 1));
  return served.map((one) => ({
    name: one.code,
    definition: one.url,
    type: one.type,
    ...(!isServed(one) && {
      documentation: 'The first search by it has every word indexed, and waits for that.',
    }),
  }));
}

/** Those that every type has: what a search over all types can use. */
function parametersOfAll(definitions: Definitions): SearchParameter[] {
  const [first, ...others] = definitions.resourceTypes.map((type) => definitions.searchParameters(type));
  return [...(first?.values() ?? [])].filter(({ code, url }) =>
    others.every((one) => one.get(code)?.url === url),
  );
}

/** Profiles of packages and posted ones, by the type that they constrain; those that R4 itself brings are examples of use, no promise of ours. */
function profilesByType(definitions: Definitions): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const url of definitions.canonicals('StructureDefinition')) {
    if (url.startsWith(CORE)) continue;
    const { type, kind, derivation } = JSON.parse(
      definitions.conformance('StructureDefinition', url)!,
    ) as Record<string, unknown>;
    if (kind !== 'resource' || derivation !== 'constraint' || typeof type !== 'string') continue;
    found.set(type, [...(found.get(type) ?? []), url]);
  }
  return found;
}

/** https://hl7.org/fhir/R4/terminologycapabilities.html */
function terminologyCapabilities(
  base: BaseStatement,
  definitions: Definitions,
  { baseUrl, version, date }: CapabilityOptions,
): JsonObject {
  return {
    resourceType: 'TerminologyCapabilities',
    url: `${baseUrl}/metadata?mode=terminology`,
    version,
    name: `${base.software.name}Terminology`,
    status: 'active',
    date,
    description:
      'Code systems, value sets and concept maps of R4, of packages and those that are stored, every version of each; further ones may come with a question (tx-resource).',
    kind: 'instance',
    software: { ...base.software, version },
    implementation: { ...base.implementation, url: baseUrl },
    codeSystem: codeSystems(definitions),
    expansion: {
      hierarchical: true,
      paging: true,
      incomplete: false,
      parameter: EXPANSION_PARAMETERS.map((name) => ({ name })),
      textFilter: 'Each word begins a word of one name of the code, or is the code itself.',
    },
    codeSearch: 'all',
    validateCode: { translations: true },
    translation: { needsMap: false },
    closure: { translation: false },
  };
}

const EXPANSION_PARAMETERS = [
  'activeOnly',
  'check-system-version',
  'count',
  'default-valueset-version',
  'designation',
  'displayLanguage',
  'excludeNested',
  'excludeNotForUI',
  'filter',
  'force-system-version',
  'includeDefinition',
  'includeDesignations',
  'offset',
  'property',
  'system-version',
  'tx-resource',
  'useSupplement',
  'valueSet',
] as const;

/** Those at hand, with their versions: read from the registry without looking into them. */
function codeSystems(definitions: Definitions): JsonValue[] {
  return [...definitions.canonicals('CodeSystem')].sort().map((uri) => ({ uri }));
}
