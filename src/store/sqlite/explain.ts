/** The SQL of a plan as a text, for people: numbers that a database would look up are shown as the names they stand for. */
import type { SearchPlan } from '../../fhir/search/plan.ts';
import { compilePage } from './compile.ts';
import type { Names } from './names.ts';

export function explainSql(plan: SearchPlan): string {
  const shown: string[] = [];
  const number = (name: string): number => -shown.push(name);
  const names: Names = {
    type: number,
    param: (type, param) => number(`${type}.${param}`),
    term: (text) => number(text),
    typeName: String,
  };
  const seqs = (instant: number): number => number(`first version at or after ${new Date(instant).toISOString()}`);
  const { text, values } = compilePage(plan, { names, seqAt: seqs, probe: () => 0 });
  const rest = [...values];
  const literal = (value: string | number): string =>
    typeof value === 'number' && value < 0 && Number.isInteger(value) && shown[-value - 1] !== undefined ? `«${shown[-value - 1]}»` : JSON.stringify(value);
  return text.replace(/\?/g, () => literal(rest.shift()!));
}
