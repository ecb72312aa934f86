/**
 * Whether an answer is the one that a terminology case expects, by the rules of the cases: order never counts, `$…$` texts are patterns, and what is marked
 * optional may be missing. What R4 writes as an extension is compared as the element that R5 has for it.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Tree = Readonly<Record<string, Json>>;

const PATTERNS: Readonly<Record<string, RegExp>> = {
  id: /^[A-Za-z0-9\-.]{1,64}$/,
  uuid: /^(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  instant: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
};

const isTree = (value: Json | undefined): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first difference, with its place; undefined: none. */
export function differenceOf(expected: Json, found: Json | undefined, place = ''): string | undefined {
  if (found === undefined) return `${place}: missing, expected ${brief(expected)}`;
  if (Array.isArray(expected))
    return Array.isArray(found)
      ? listDifference(expected, found, place)
      : `${place}: ${brief(found)} is no list`;
  if (isTree(expected))
    return isTree(found) ? treeDifference(expected, found, place) : `${place}: ${brief(found)} is no object`;
  if (typeof expected === 'string' && typeof found === 'string')
    return textMatches(expected, found) ? undefined : `${place}: "${found}" instead of "${expected}"`;
  return expected === found ? undefined : `${place}: ${brief(found)} instead of ${brief(expected)}`;
}

const brief = (value: Json): string => JSON.stringify(value).slice(0, 300);

function textMatches(expected: string, found: string): boolean {
  const [, control] = /^\$(.*)\$$/s.exec(expected) ?? [];
  if (control === undefined) return expected === found;
  const [name = '', ...rest] = control.split(':');
  if (PATTERNS[name]) return PATTERNS[name].test(found);
  const argument = rest.join(':');
  if (name === 'choice') return argument.split('|').includes(found);
  if (name === 'fragments') return argument.split('|').every((one) => found.includes(one));
  // Other servers have other words: what they must hold is given.
  if (name === 'external') return found.includes(argument.replace(/^\d+:?/, ''));
  return control === '' || expected === found;
}

/** `true`, or a mode or version under which it is. */
const isOptional = (value: Json): boolean => isTree(value) && '$optional$' in value;

function treeDifference(expected: Tree, found: Tree, place: string): string | undefined {
  const optional = (expected['$optional-properties$'] ?? []) as readonly string[];
  for (const [name, value] of Object.entries(expected)) {
    if (name.startsWith('$')) continue;
    if (found[name] === undefined && (optional.includes(name) || isEmptied(value))) continue;
    const difference = differenceOf(value, found[name], `${place}.${name}`);
    if (difference !== undefined) return difference;
  }
  const extra = Object.keys(found).find((name) => expected[name] === undefined && !optional.includes(name));
  return extra === undefined ? undefined : `${place}.${extra}: not expected: ${brief(found[extra]!)}`;
}

/** A list of which every item may be missing. */
const isEmptied = (value: Json): boolean => Array.isArray(value) && value.every(isOptional);

function listDifference(
  expected: readonly Json[],
  found: readonly Json[],
  place: string,
): string | undefined {
  const left = [...found];
  // What is fixed takes its match before a pattern could.
  for (const one of [...expected].sort((a, b) => Number(isOptional(a)) - Number(isOptional(b)))) {
    const at = left.findIndex((other) => differenceOf(one, other) === undefined);
    if (at >= 0) left.splice(at, 1);
    else if (!isOptional(one)) return closest(one, left, place);
  }
  return left.length === 0 ? undefined : `${place}: not expected: ${brief(left[0]!)}`;
}

function closest(expected: Json, left: readonly Json[], place: string): string {
  const label = isTree(expected) ? (expected['name'] ?? expected['code'] ?? expected['url'] ?? '') : '';
  const near = left.find(
    (one) =>
      isTree(one) &&
      isTree(expected) &&
      ['name', 'code', 'url'].some((name) => one[name] !== undefined && one[name] === expected[name]),
  );
  const inside = near === undefined ? undefined : differenceOf(expected, near, `${place}[${String(label)}]`);
  return inside ?? `${place}: missing ${brief(expected)}`;
}

const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion';

/** An expansion of R4 as R5 writes it. */
export function asR5(value: Json): Json {
  if (Array.isArray(value)) return value.map(asR5);
  if (!isTree(value)) return value;
  const extensions = (value['extension'] ?? []) as readonly Tree[];
  const [own, others] = [
    extensions.filter(({ url }) => String(url).startsWith(R5)),
    extensions.filter(({ url }) => !String(url).startsWith(R5)),
  ];
  const property = own.map(
    ({ extension }) =>
      Object.assign(
        {},
        ...((extension ?? []) as readonly Tree[]).map(({ url, ...rest }) => part(String(url), rest)),
      ) as Tree,
  );
  const { extension: _extension, ...rest } = value;
  return {
    ...Object.fromEntries(Object.entries(rest).map(([name, one]) => [name, asR5(one)])),
    ...(others.length > 0 && { extension: others.map(asR5) }),
    ...(property.length > 0 && { property }),
  };
}

/** `{url: 'code', valueCode: 'x'}` -> `{code: 'x'}`; the value keeps its type in its name. */
function part(url: string, rest: Tree): Tree {
  return url === 'value' ? rest : { [url]: Object.values(rest)[0]! };
}
