/** The SQL of a plan as a text, for people: numbers that a database would look up are shown as the names they stand for. */
import type { SearchPlan } from '../../fhir/search/plan.ts';
import { choose, EVERYWHERE, type Survey } from './arms.ts';
import { pageStatement, resolveOrder } from './compile.ts';
import type { Names } from './names.ts';
import { resolve } from './predicate.ts';
import { LIVE } from './schema.ts';
import type { Statement } from './statements.ts';

/** One statement a branch, as it is asked when the first predicate is the rarest; which one that is, a store counts before each search. */
export function explainSql(plan: SearchPlan): string {
  const { names, label } = labels();
  const statements = plan.branches.map(({ type, where }) => {
    const id = names.type(type)!;
    const { source } = choose(resolve(names, id, where), names.param(id, LIVE)!, 2, FIRST);
    if (source.length === 0) return `-- ${type}: nothing can match`;
    return spellOut(
      pageStatement(source, resolveOrder(names, id, plan.sort), { limit: plan.count + 1 }),
      label,
    );
  });
  return statements.join(';\n');
}

/** As if every predicate had one row. */
const FIRST: Survey = { rows: () => 1, isSigned: () => false, extent: () => EVERYWHERE };

/** Names that give each asked name a negative number of its own, and what to show for such a number. */
function labels(): { names: Names; label: (value: number) => string | undefined } {
  const shown: string[] = [];
  const number = (name: string): number => {
    const known = shown.indexOf(name);
    return known >= 0 ? -known - 1 : -shown.push(name);
  };
  const typeName = (id: number): string => shown[-id - 1] ?? '';
  const names: Names = {
    type: number,
    param: (type, param) => number(`${typeName(type)}.${param || '(live)'}`),
    params: (type, param) => [number(`${typeName(type)}.${param}`)],
    term: (text) => number(text),
    keys: (text) => [number(text)],
    typeName,
    refresh: () => undefined,
    clear: () => undefined,
  };
  return { names, label: (value) => shown[-value - 1] };
}

function spellOut({ sql, values }: Statement, label: (value: number) => string | undefined): string {
  return sql.replace(/\?(\d+)/g, (_, place: string) => {
    const value = values[Number(place) - 1]!;
    if (typeof value === 'string') return JSON.stringify(value);
    const name = value < 0 ? label(value) : undefined;
    return name === undefined ? String(value) : `«${name}»`;
  });
}
