/** Copies and nesting of trees, with a bound on the work: patches that copy again and again must not grow without end. */
import { fault } from './outcome.ts';
import { Decimal, type JsonObject, type JsonValue } from './tree.ts';

/** What may still be copied or walked: one for each character of a string, and `VALUE_COST` for each value. */
export interface Budget {
  left: number;
}

const VALUE_COST = 50;

/** A copy that shares nothing that can change. Throws FhirError `too-costly` when the budget is spent. */
export function copyValue<T extends JsonValue>(value: T, budget: Budget): T {
  return copy(value, budget) as T;
}

function copy(value: JsonValue, budget: Budget): JsonValue {
  spend(budget, typeof value === 'string' ? value.length + VALUE_COST : VALUE_COST);
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return value;
  if (Array.isArray(value)) return value.map((one) => copy(one, budget));
  const object: JsonObject = {};
  for (const name in value) object[name] = copy(value[name]!, budget);
  return object;
}

/** How deep arrays and objects nest: 0 for a primitive, 1 for `[]`. The tree must not be too deep to walk. */
export function nesting(value: JsonValue, budget: Budget): number {
  spend(budget, VALUE_COST);
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return 0;
  let deepest = 0;
  for (const one of Array.isArray(value) ? value : Object.values(value)) {
    deepest = Math.max(deepest, nesting(one, budget));
  }
  return deepest + 1;
}

function spend(budget: Budget, cost: number): void {
  budget.left -= cost;
  if (budget.left < 0)
    throw fault('too-costly', 'The patch copies more than this server allows: send an update instead');
}
