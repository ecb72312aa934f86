/** `_filter`: what its comparisons mean by the type of the parameter. https://hl7.org/fhir/R4/search_filter.html */
import type { SearchParameter, SearchParamType } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { overlapExpression } from './date.ts';
import type { Expression } from './expression.ts';
import type { Filter, FilterOperator, FilterStep } from './filter-syntax.ts';
import { every, no, some, type Question } from './question.ts';
import { fold } from './string.ts';

/** How the parts of a filter are planned: as the parameters that they name are. */
export interface FilterPlanner {
  /** the parameter of a type; throws where there is none */
  parameter(type: string, code: string): SearchParameter;
  /** what a parameter, perhaps with a modifier, asks of a type */
  ask(type: string, name: string, value: string): Question;
  /** what is asked of the targets of a reference */
  over(type: string, reference: string, each: (target: string) => Question): Question;
}

export function planFilter(planner: FilterPlanner, type: string, filter: Filter): Question {
  return plan({ planner, made: new Map() }, type, filter);
}

/** A path over references of several types comes to the same step by many ways: each is planned once. */
interface Planning {
  readonly planner: FilterPlanner;
  readonly made: Map<Test, Map<string, Question | Error>>;
}

function plan(planning: Planning, type: string, filter: Filter): Question {
  switch (filter.kind) {
    case 'and':
      return every(...filter.of.map((one) => plan(planning, type, one)));
    case 'or':
      return some(...filter.of.map((one) => plan(planning, type, one)));
    case 'not':
      return no(plan(planning, type, filter.of));
    case 'test':
      return planPath(planning, type, filter.path, filter);
  }
}

type Test = Extract<Filter, { kind: 'test' }>;

function planPath(planning: Planning, type: string, path: readonly FilterStep[], test: Test): Question {
  const made = planning.made.get(test) ?? new Map<string, Question | Error>();
  planning.made.set(test, made);
  const key = `${type} ${path.length}`;
  const known = made.get(key) ?? tried(() => planSteps(planning, type, path, test));
  made.set(key, known);
  if (known instanceof Error) throw known;
  return known;
}

function tried(step: () => Question): Question | Error {
  try {
    return step();
  } catch (error) {
    return error as Error;
  }
}

function planSteps(planning: Planning, type: string, path: readonly FilterStep[], test: Test): Question {
  const [{ name, filter }, ...rest] = path as [FilterStep, ...FilterStep[]];
  if (rest.length > 0) {
    return planning.planner.over(type, name, (target) => {
      const own = planPath(planning, target, rest, test);
      return filter ? every(plan(planning, target, filter), own) : own;
    });
  }
  if (!filter) return planTest(planning.planner, type, name, test);
  const text = `_filter has [ ] behind ${name}, which leads no further: use it within a path`;
  throw fault('not-supported', text, '_filter');
}

/** Operators that compare in an order, as prefixes do. */
const ORDER: readonly FilterOperator[] = ['gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb', 'eq', 'ne'];
const ORDERED: readonly SearchParamType[] = ['number', 'date', 'quantity'];
const TEXTS = { eq: 'equals', co: 'contains', sw: 'starts', ew: 'ends' } as const;

function planTest(planner: FilterPlanner, type: string, name: string, { operator, value }: Test): Question {
  const parameter = planner.parameter(type, name);
  const { code, type: of } = parameter;
  if (operator === 'pr') return planner.ask(type, `${code}:missing`, isTrue(value) ? 'false' : 'true');
  if (ORDERED.includes(of) && ORDER.includes(operator)) return planner.ask(type, code, operator + value);
  if (operator === 'ne') {
    const equal = planTest(planner, type, name, { kind: 'test', path: [], operator: 'eq', value });
    return every(planner.ask(type, `${code}:missing`, 'false'), no(equal));
  }
  const text = textTest(parameter, operator, value);
  if (text) return text;
  const means = MEANS[of]?.[operator];
  if (means === 'overlap') return overlapExpression(code, value);
  if (means !== undefined) return planner.ask(type, code + means, value);
  throw fault(
    'value',
    `_filter compares ${code}, a ${of} parameter, with "${operator}", which it has not`,
    '_filter',
  );
}

/** Operator -> the modifier that means the same. */
const MEANS: Readonly<Partial<Record<SearchParamType, Readonly<Partial<Record<FilterOperator, string>>>>>> = {
  token: { eq: '', ss: ':above', sb: ':below', in: ':in' },
  reference: { eq: '', re: '' },
  uri: { ss: ':above', sb: ':below', re: '' },
  date: { po: 'overlap' },
  composite: { eq: '' },
  special: { eq: '' },
};

function textTest(
  { code, type }: SearchParameter,
  operator: FilterOperator,
  value: string,
): Expression | undefined {
  if ((type !== 'string' && type !== 'uri') || !Object.hasOwn(TEXTS, operator)) return undefined;
  const text = type === 'string' ? fold(value) : value;
  if (text === '') throw fault('value', `_filter compares ${code} with nothing`, '_filter');
  return { op: 'text', param: code, test: TEXTS[operator as keyof typeof TEXTS], value: text };
}

function isTrue(value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw fault('value', `_filter has "pr ${value.slice(0, 20)}": give true or false`, '_filter');
}
