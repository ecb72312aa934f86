/**
 * `_query`: searches with a name and parameters of their own, each a table row here and an OperationDefinition of the kind "query" outside. A named query stands
 * for plain parameters, and further ones may stand beside it. https://hl7.org/fhir/R4/search.html#query, https://hl7.org/fhir/R4/operationdefinition.html
 */
import { didYouMean } from '../model/near.ts';
import { fault } from '../model/outcome.ts';
import type { JsonObject } from '../model/tree.ts';

type Pair = readonly [name: string, value: string];

export interface NamedQuery {
  readonly name: string;
  /** the type of resource that it searches */
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly min: 0 | 1;
    readonly type: string;
    readonly documentation: string;
  }[];
  /** plain parameters; `{name}` stands for a parameter of the query, and without a value the whole pair is left out */
  readonly means: readonly Pair[];
}

const PATIENT = {
  name: 'patient',
  min: 1,
  type: 'reference',
  documentation: 'Whose: an id or Patient/id',
} as const;

export const NAMED_QUERIES: readonly NamedQuery[] = [
  {
    name: 'active-problems',
    type: 'Condition',
    title: 'Active problems of a patient',
    description: 'Conditions that are active, recurring or relapsed and not entered in error.',
    parameters: [PATIENT],
    means: [
      ['patient', '{patient}'],
      ['clinical-status', 'active,recurrence,relapse'],
      ['verification-status:not', 'entered-in-error'],
    ],
  },
  {
    name: 'current-medications',
    type: 'MedicationRequest',
    title: 'Current medications of a patient',
    description: 'Orders that are active or on hold.',
    parameters: [PATIENT],
    means: [
      ['patient', '{patient}'],
      ['status', 'active,on-hold'],
      ['intent', 'order,original-order,reflex-order,filler-order,instance-order'],
    ],
  },
  {
    name: 'latest-results',
    type: 'Observation',
    title: 'Latest laboratory results of a patient',
    description: 'Laboratory observations, the newest first.',
    parameters: [
      PATIENT,
      { name: 'test', min: 0, type: 'token', documentation: 'Only of these codes' },
      { name: 'since', min: 0, type: 'date', documentation: 'Only from this date on' },
    ],
    means: [
      ['patient', '{patient}'],
      ['category', 'laboratory'],
      ['code', '{test}'],
      ['date', 'ge{since}'],
      ['_sort', '-date'],
    ],
  },
];

const QUERY = '_query';

/** The parameters of a search with its named query spelled out. Throws FhirError for one that is not known, or lacks a parameter. */
export function withoutNamedQuery(types: readonly string[], parameters: readonly Pair[]): readonly Pair[] {
  const asked = parameters.filter(([name]) => name === QUERY);
  if (asked.length === 0) return parameters;
  if (asked.length > 1) throw fault('value', 'A search has at most one _query', QUERY);
  const query = queryOf(types, asked[0]![1]);
  const own = new Set(query.parameters.map(({ name }) => name));
  const values = new Map(parameters.filter(([name]) => own.has(name)));
  const lacking = query.parameters.find(({ name, min }) => min > 0 && !values.get(name));
  if (lacking) {
    const text = `_query=${query.name} needs the parameter ${lacking.name}: ${lacking.documentation}`;
    throw fault('value', text, lacking.name);
  }
  const rest = parameters.filter(([name]) => name !== QUERY && !own.has(name));
  return [...query.means.flatMap((pair) => filledIn(pair, values)), ...rest];
}

function filledIn([name, template]: Pair, values: ReadonlyMap<string, string>): Pair[] {
  const [, own] = /\{(\w+)\}/.exec(template) ?? [];
  if (own === undefined) return [[name, template]];
  const value = values.get(own);
  return value === undefined ? [] : [[name, template.replace(`{${own}}`, () => value)]];
}

function queryOf(types: readonly string[], name: string): NamedQuery {
  const here = NAMED_QUERIES.filter(({ type }) => types.length === 1 && types[0] === type);
  const query = here.find((one) => one.name === name);
  if (query) return query;
  const all = NAMED_QUERIES.map((one) => `${one.type}?_query=${one.name}`).join(', ');
  const near = didYouMean(
    name,
    here.map((one) => one.name),
  );
  const text = `"${name.slice(0, 64)}" is not a named query of ${types.join(', ').slice(0, 64) || 'the whole system'}: there are ${all}.${near}`;
  throw fault('unknown-parameter', text, QUERY);
}

/** The OperationDefinition of a named query. */
export function queryDefinition({
  name,
  type,
  title,
  description,
  parameters,
  means,
}: NamedQuery): JsonObject {
  const plain = means.map((pair) => pair.join('=')).join('&');
  return {
    resourceType: 'OperationDefinition',
    id: `embergate-${name}`,
    name: name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    title,
    status: 'active',
    kind: 'query',
    affectsState: false,
    description: `${description} ${type}?_query=${name} stands for ${type}?${plain}; parameters without a value are left out.`,
    code: name,
    resource: [type],
    system: false,
    type: true,
    instance: false,
    parameter: [
      ...parameters.map((one): JsonObject => ({
        name: one.name,
        use: 'in',
        min: one.min,
        max: '1',
        documentation: one.documentation,
        type: 'string',
        searchType: one.type,
      })),
      { name: 'return', use: 'out', min: 1, max: '1', type: 'Bundle' },
    ],
  };
}
