/** Remembers what is worked out once for a search parameter in a type of resource, as long as a registry lives. */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';

type Make<T> = (definitions: Definitions, parameter: SearchParameter, type: string) => T;

export function perParameter<T extends object>(make: Make<T>): Make<T> {
  const kept = new WeakMap<Definitions, Map<string, T>>();
  return (definitions, parameter, type) => {
    let known = kept.get(definitions);
    if (!known) kept.set(definitions, (known = new Map<string, T>()));
    const key = `${type} ${parameter.code}`;
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(definitions, parameter, type)));
    return value;
  };
}
