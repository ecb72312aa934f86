/**
 * The `?` part of a scope as an Expression: what a resource must be to be granted. A filter that cannot be understood grants nothing.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL, type Expression } from '../fhir/search/expression.ts';
import { parseSearch } from '../fhir/search/parse.ts';
import type { ResourceScope } from './scopes.ts';

const MOST_FILTERS = 5000;
const known = new WeakMap<Definitions, Map<string, Expression | undefined>>();

/** What a scope's filter asks of a type; undefined where it cannot be understood there. */
export function filterOf(
  definitions: Definitions,
  scope: ResourceScope,
  type: string,
): Expression | undefined {
  if (scope.query.length === 0) return ALL;
  let filters = known.get(definitions);
  if (!filters) known.set(definitions, (filters = new Map<string, Expression | undefined>()));
  const name = `${type} ${scope.text}`;
  if (filters.has(name)) return filters.get(name);
  if (filters.size >= MOST_FILTERS) filters.clear();
  const filter = parse(definitions, scope, type);
  filters.set(name, filter);
  return filter;
}

function parse(definitions: Definitions, { query }: ResourceScope, type: string): Expression | undefined {
  const parameters = definitions.searchParameters(type);
  // Only what can be asked of one resource by itself: no chains, no `_has`, and nothing that only shapes an answer.
  if (
    !query.every(
      ([name]) =>
        !/\.|^_(?!id$|lastUpdated$|tag|security|profile|source)/.test(name) &&
        parameters.has(name.split(':')[0]!),
    )
  )
    return undefined;
  // Its meaning would change with the clock.
  if (query.some(([name, value]) => parameters.get(name)?.type === 'date' && value.includes('ap')))
    return undefined;
  const parsed = parseSearch(definitions, {
    now: 0,
    types: [type],
    parameters: query,
    handling: 'strict',
    baseUrl: '',
  });
  if (parsed.issues.length > 0 || parsed.used.length !== query.length) return undefined;
  const where = parsed.branches[0]?.where;
  return where && isPlain(where) && where.op !== 'none' ? (where as Expression) : undefined;
}

const PLAIN: readonly string[] = ['all', 'none', 'id', 'updated', 'key', 'range', 'text', 'present'];

/** Whether it can be answered by looking at one resource. */
function isPlain(where: { readonly op: string }): boolean {
  const { op, of } = where as { op: string; of?: unknown };
  if (op === 'not') return isPlain(of as { op: string });
  if (op === 'and' || op === 'or') return (of as { op: string }[]).every(isPlain);
  return PLAIN.includes(op);
}
