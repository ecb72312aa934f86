/** Parameters that say how results come, not which: `_count`, `_sort`, `_total`, `_summary`, `_elements`. https://hl7.org/fhir/R4/search.html#return */
import { didYouMean } from '../model/near.ts';
import { fault } from '../model/outcome.ts';
import { collect, type Draft, type ParsedSearch } from './draft.ts';
import { isFullText } from './full-text.ts';
import { INDEX_KINDS, isServed } from './extract.ts';
import type { SortKey } from './plan.ts';
import { ANY_SYSTEM } from './token.ts';

/** Largest page; a larger `_count` is brought down to it. */
export const MOST_COUNT = 1000;
const MOST_SORT_KEYS = 8;
const TOTALS = ['none', 'estimate', 'accurate'] as const satisfies readonly ParsedSearch['total'][];

type Control = (draft: Draft, value: string) => void;

const CONTROLS: Readonly<Record<string, Control>> = {
  _count: (draft, value) => {
    if (!/^\d{1,15}$/.test(value))
      throw fault('value', `_count is "${value.slice(0, 40)}": give a whole number`, '_count');
    draft.count = Math.min(Number(value), MOST_COUNT);
  },
  _total: (draft, value) => {
    draft.total = choice('_total', value, TOTALS);
  },
  // What these two mean for resources, and whether they are right, is found by parseElements.
  _summary: (draft, value) => {
    draft.summary = value;
  },
  _elements: () => undefined,
  _score: (draft, value) => {
    draft.score = choice('_score', value, ['true', 'false']) === 'true';
  },
  _contained: (draft, value) => {
    draft.contained = choice('_contained', value, ['false', 'true', 'both']);
  },
  _containedType: (draft, value) => {
    draft.containedType = choice('_containedType', value, ['container', 'contained']);
  },
  _sort: (draft, value) => {
    const keys = value.split(',');
    if (keys.length + draft.sort.length > MOST_SORT_KEYS) {
      throw fault(
        'too-costly',
        `_sort has ${keys.length} keys: at most ${MOST_SORT_KEYS} are taken`,
        '_sort',
      );
    }
    for (const key of keys) collect(draft, () => draft.sort.push(sortKey(draft, key)));
  },
};

function choice<const T extends string>(name: string, value: string, of: readonly T[]): T {
  const chosen = of.find((one) => one === value);
  if (chosen !== undefined) return chosen;
  throw fault('value', `${name} is "${value.slice(0, 40)}": give one of ${of.join(', ')}`, name);
}

export const CONTROL_NAMES: readonly string[] = Object.keys(CONTROLS);

export const isControl = (name: string): boolean => Object.hasOwn(CONTROLS, name);

/** Takes a control parameter into the draft. Throws FhirError for a value that it does not have. */
export function control(draft: Draft, name: string, value: string): void {
  CONTROLS[name]!(draft, value);
}

function sortKey(draft: Draft, text: string): SortKey {
  const descending = text.startsWith('-');
  const code = descending ? text.slice(1) : text;
  if (code === '_lastUpdated') return { by: 'updated', descending };
  if (code === '_id') return { by: 'id', descending };
  if (code === '_score') {
    const text = '_sort by _score is not supported: _score=true tells the score of each entry';
    throw fault('not-supported', text, '_sort');
  }
  const { definitions, types } = draft;
  const [first, ...others] = types.map((type) => definitions.searchParameters(type).get(code));
  if (!first || others.some((one) => one?.type !== first.type)) {
    const known = types.length > 0 ? [...definitions.searchParameters(types[0]!).keys()] : [];
    const whose = types.length === 1 ? types[0] : 'all types searched';
    const near = didYouMean(code, known);
    throw fault(
      'unknown-parameter',
      `_sort names "${code.slice(0, 64)}", which is not a search parameter of ${whose}.${near}`,
      '_sort',
    );
  }
  const kind = INDEX_KINDS[first.type];
  if (!isServed(first) || !kind || first.type === 'special' || isFullText(code)) {
    throw fault(
      'not-supported',
      `_sort by ${code} is not supported: a ${first.type} parameter has no order`,
      '_sort',
    );
  }
  return {
    by: 'param',
    param: code,
    kind,
    prefix: first.type === 'token' ? ANY_SYSTEM : undefined,
    descending,
  };
}
