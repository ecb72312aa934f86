/**
 * Broken JSON from whole JSON: a few random changes to the tree, then perhaps a few to the text. A change is plain data, so that fast-check can
 * leave changes out again when it looks for the smallest one that fails. https://fast-check.dev
 */
import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Values of every kind that an element might not expect. */
const JUNK: readonly Json[] = [
  null,
  true,
  0,
  -1.5,
  1e21,
  '',
  ' ',
  'x',
  '2024-02-30',
  '0000-00-00T99:99:99Z',
  '9'.repeat(400),
  '\u0001',
  '\u{1f600}\ufffe',
  '<a href="#x">&amp;</a>',
  '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
  'Patient/1',
  'Patient/',
  '#',
  '#x',
  'urn:uuid:',
  'Patient?identifier=x',
  'http://[::1',
  [],
  [null],
  [[]],
  {},
  { id: 'x' },
  { id: 1, extension: {} },
  { resourceType: 'Patient' },
  { resourceType: 'Bundle', type: 'transaction', entry: [] },
  { reference: 'Patient/nobody' },
  { reference: 'Observation?code=x' },
  { extension: [{ url: 'u', valueDecimal: 1 }] },
];
const NAMES = [
  'constructor',
  'toString',
  '_id',
  'id',
  'meta',
  'contained',
  'extension',
  'modifierExtension',
  '_status',
  'status',
  'resourceType',
  'value',
  'valueString',
  'valueQuantity',
  'valueReference',
  'reference',
  'text',
  'fullUrl',
  'request',
  'url',
  'method',
  'ifMatch',
  'ifNoneExist',
  'entry',
  'type',
  'part',
  'parameter',
  '',
  '$',
  'a.b',
];

const junk = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...JUNK) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);

interface Change {
  readonly act: 'drop' | 'turn' | 'put' | 'add' | 'rename' | 'twice' | 'wrap' | 'move' | 'deep' | 'long';
  /** which of all places of the tree, by number */
  readonly at: number;
  readonly other: number;
  readonly name: string;
  readonly value: Json;
}

const change: fc.Arbitrary<Change> = fc.record({
  act: fc.constantFrom(
    'drop',
    'turn',
    'put',
    'put',
    'put',
    'add',
    'rename',
    'twice',
    'wrap',
    'move',
    'deep',
    'long',
  ),
  at: fc.nat(10_000),
  other: fc.nat(10_000),
  name: fc.constantFrom(...NAMES),
  value: junk,
});

type Holder = Record<string | number, Json>;
type Place = readonly [holder: Json[] | Record<string, Json>, key: string | number];

function placesOf(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    found.push([value, key]);
    placesOf((value as Holder)[key]!, found);
  }
  return found;
}

const ACTS: Readonly<Record<Change['act'], (place: Place, change: Change, other: Place) => void>> = {
  drop: ([holder, key]) =>
    Array.isArray(holder) ? void holder.splice(Number(key), 1) : delete holder[key as string],
  // The order of properties means nothing: the last comes first.
  turn: ([holder]) => {
    if (Array.isArray(holder)) return void holder.reverse();
    for (const [name, value] of Object.entries(holder).reverse()) {
      delete holder[name];
      holder[name] = value;
    }
  },
  put: ([holder, key], { value }) => ((holder as Holder)[key] = structuredClone(value)),
  add: ([holder], { name, value }) =>
    Array.isArray(holder) ? holder.push(structuredClone(value)) : (holder[name] = structuredClone(value)),
  rename: ([holder, key], { name }) => {
    if (Array.isArray(holder)) return;
    holder[name] = holder[key as string]!;
    delete holder[key as string];
  },
  twice: ([holder, key]) =>
    Array.isArray(holder) &&
    holder.push(...Array<Json>(1 + (Number(key) % 3)).fill(structuredClone(holder[Number(key)]!))),
  wrap: ([holder, key]) => ((holder as Holder)[key] = [(holder as Holder)[key]!]),
  move: ([holder, key], _change, [from, name]) =>
    ((holder as Holder)[key] = structuredClone((from as Holder)[name]!)),
  deep: ([holder, key], { at }) => {
    let value: Json = 'x';
    for (let depth = at % 120; depth > 0; depth--) value = depth % 2 ? [value] : { extension: value };
    (holder as Holder)[key] = value;
  },
  long: ([holder, key], { at }) => ((holder as Holder)[key] = 'ä"\\ '.repeat(at)),
};

/** A copy of the tree with the changes made one after the other. */
export function changed(tree: Json, changes: readonly Change[]): Json {
  const copy = structuredClone(tree);
  for (const one of changes) {
    const places = placesOf(copy);
    if (places.length === 0) break;
    ACTS[one.act](places[one.at % places.length]!, one, places[one.other % places.length]!);
  }
  return copy;
}

/** Text that breaks JSON, XML, or what reads numbers and strings. */
const SNIPPETS = [
  '',
  ',',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '{',
  '}',
  '[',
  ']]',
  ':',
  '1e999999',
  '-',
  '0x1',
  '0.10',
  '1E+2',
  'NaN',
  '\u0000',
  '\ufeff',
  '\u2028',
  '"__proto__":{},',
  '"id":"x",',
  'null',
  '<',
  '>',
  '&',
  '&#0;',
  '&x;',
  '<!DOCTYPE x [<!ENTITY e "e">]>',
  '<![CDATA[x]]>',
  '<!-- -->',
  '<?x y?>',
  ' xmlns="x"',
  '<extension url="x"/>',
];

interface Slip {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}
export const slips: fc.Arbitrary<Slip[]> = fc.array(
  fc.record({
    at: fc.nat(100_000),
    cut: fc.oneof({ weight: 5, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(100_000) }),
    put: fc.constantFrom(...SNIPPETS),
  }),
  { minLength: 1, maxLength: 3 },
);

/** The text with pieces cut out and put in. */
export function slipped(text: string, all: readonly Slip[]): string {
  return all.reduce((one, { at, cut, put }) => {
    const from = at % (one.length + 1);
    return one.slice(0, from) + put + one.slice(from + cut);
  }, text);
}

/** Changes to a tree: none now and then, so that whole ones come through as well. */
export const changes: fc.Arbitrary<Change[]> = fc.array(change, { maxLength: 4, size: 'max' });
