/** What a compiled schema finds wrong, as bare facts: words and FHIRPath are made of them later (`explain.ts`). */

export type FlawKind =
  | 'array'
  | 'choice'
  | 'contained'
  | 'content'
  | 'either'
  | 'empty-array'
  | 'most'
  | 'needs'
  | 'null'
  | 'object'
  | 'primitive'
  | 'resource-type'
  | 'unknown';

export interface Flaw {
  /** JSON pointer from the root of the resource */
  path: string;
  readonly kind: FlawKind;
  /** name of the type, property, choice or limit that the kind is about */
  readonly about: string;
}

/** More than this many flaws of one object are not collected: a broken list of a million would otherwise fill the memory. */
const MOST = 500;

export function addFlaw(flaws: Flaw[] | null, path: string, kind: FlawKind, about: string): Flaw[] {
  const flaw = { path, kind, about };
  if (flaws === null) return [flaw];
  if (flaws.length < MOST) flaws.push(flaw);
  return flaws;
}

/** Takes the flaws of a part, which stands at `path`, into those of the whole. */
export function adoptFlaws(flaws: Flaw[] | null, path: string, parts: readonly Flaw[]): Flaw[] {
  const all = flaws ?? [];
  for (const part of parts) {
    if (all.length >= MOST) break;
    part.path = path + part.path;
    all.push(part);
  }
  return all;
}
