/**
 * Expressions that stay the same objects while what they are made of does: a store keeps what it has compiled by the object, and would compile anew for an
 * equal one at each request.
 */
import type { Expression } from '../fhir/search/expression.ts';

/** Names are few: an action, a type, a patient. */
const MOST_KEPT = 500;

type Join = (...parts: readonly Expression[]) => Expression;

/** `join` under a name: the result of the last time where the parts are the very same. */
export function steady(join: Join): (name: string, parts: readonly Expression[]) => Expression {
  const known = new Map<string, { readonly parts: readonly Expression[]; readonly joined: Expression }>();
  return (name, parts) => {
    const before = known.get(name);
    if (before?.parts.length === parts.length && parts.every((part, i) => part === before.parts[i]))
      return before.joined;
    if (known.size >= MOST_KEPT) known.clear();
    const joined = join(...parts);
    known.set(name, { parts, joined });
    return joined;
  };
}
