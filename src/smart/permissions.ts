/**
 * Scopes as permissions that a person can understand and tick, and ticked boxes back to scopes. What comes back never exceeds what was asked.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import { parseScope, type ResourceScope } from '../access/scopes.ts';
import type { ConsentView, PermissionView } from './pages.ts';
import { CATEGORY_WORDS, KINDS, PERSONAL_GROUPS, RECORD_GROUPS } from './record-parts.ts';

export interface Permissions {
  readonly permissions: ConsentView['permissions'];
  readonly cannot: ConsentView['cannot'];
}

/** Scopes that say the same but for their letters, and that show up as one checkbox. */
interface Wish {
  readonly level: ResourceScope['level'];
  readonly type: string;
  readonly query: ResourceScope['query'];
  readonly writes: boolean;
  /** one a requested scope, cut down to seeing or to writing */
  readonly scopes: readonly ResourceScope[];
}

interface Item extends PermissionView {
  readonly group: string;
}

const SEE = 'rs';
const WRITE = 'cud';
const VERBS: Readonly<Record<string, string>> = { c: 'add', u: 'change', d: 'delete' };
const IDENTITY: readonly string[] = ['openid', 'fhirUser', 'profile'];
const ABOUT_YOU = 'About you who sign in';
const EVERYTHING = 'Everything';

/** What the consent page offers for these scopes, everything ticked, and what the app will not be able to do. */
export function permissionsOf(requested: readonly string[]): Permissions {
  const items = [...identityItem(requested), ...wishesOf(requested).map(itemOf)];
  const names = [EVERYTHING, ...RECORD_GROUPS.map(({ name }) => name), OTHER, ABOUT_YOU];
  const order = names.flatMap((name) => [name, ...Object.values(LEVELS).map((suffix) => name + suffix)]);
  const permissions = [...new Set(order)]
    .map((group) => ({ group, items: items.filter((item) => item.group === group).map(viewOf) }))
    .filter(({ items: shown }) => shown.length > 0);
  return { permissions, cannot: cannotOf(requested) };
}

/**
 * The scopes that remain of those requested when only these values of checkboxes were ticked. A kind that is ticked stands in place of its whole.
 * Whatever was not offered is passed over. Scopes that are not a permission of their own (`launch…`, `offline_access`) stay.
 */
export function narrow(requested: readonly string[], ticked: readonly string[]): readonly string[] {
  const chosen = chosenScopes(requested, new Set(ticked));
  const resources = chosen.flatMap(resourceScope);
  const kept = requested.flatMap((text): readonly string[] => {
    const scope = parseScope(text);
    if (!scope) return [];
    if (scope.kind === 'resource') return narrowOne(scope, resources);
    return IDENTITY.includes(text) && !chosen.includes(text) ? [] : [text];
  });
  return [...new Set(kept)];
}

/** Whether the first scope allows all that the second does. */
export function covers(wide: ResourceScope, narrower: ResourceScope): boolean {
  return [...narrower.letters].every((letter) => wide.letters.includes(letter)) && coversRows(wide, narrower);
}

/** Whether every resource that the second is about is one that the first is about. */
function coversRows(wide: Omit<ResourceScope, 'letters'>, narrower: Omit<ResourceScope, 'letters'>): boolean {
  return (
    wide.level === narrower.level &&
    (wide.type === '*' || wide.type === narrower.type) &&
    wide.query.every(([name, value]) => narrower.query.some(([n, v]) => n === name && v === value))
  );
}

const resourceScope = (text: string): readonly ResourceScope[] => {
  const scope = parseScope(text);
  return scope?.kind === 'resource' ? [scope] : [];
};

function chosenScopes(requested: readonly string[], ticked: ReadonlySet<string>): readonly string[] {
  const items = permissionsOf(requested).permissions.flatMap((group) => group.items);
  const values = items.flatMap(({ value, children = [] }) => {
    const kinds = children.filter((kind) => ticked.has(kind.value)).map((kind) => kind.value);
    return kinds.length > 0 ? kinds : ticked.has(value) ? [value] : [];
  });
  return values.flatMap((value) => value.split(' '));
}

/** The scope itself where all of it was chosen, else the chosen ones within it. */
function narrowOne(scope: ResourceScope, chosen: readonly ResourceScope[]): readonly string[] {
  const letters = chosen.filter((one) => coversRows(one, scope)).flatMap((one) => [...one.letters]);
  if ([...scope.letters].every((letter) => letters.includes(letter))) return [scope.text];
  return chosen.filter((one) => covers(scope, one)).map((one) => one.text);
}

/** One wish a checkbox; a wish that lies within another one is not shown beside it. */
function wishesOf(requested: readonly string[]): readonly Wish[] {
  const wishes = new Map<string, Wish>();
  for (const scope of requested.flatMap(resourceScope)) {
    for (const letters of [SEE, WRITE]) {
      const part = cut(scope, letters);
      if (!part) continue;
      const { level, type, query } = part;
      const key = JSON.stringify([level, type, query, letters]);
      const scopes = [...(wishes.get(key)?.scopes ?? []), part];
      wishes.set(key, { level, type, query, writes: letters === WRITE, scopes });
    }
  }
  return outermost([...wishes.values()]);
}

/** Of two wishes that hold each other, the first. */
const outermost = (wishes: readonly Wish[]): readonly Wish[] =>
  wishes.filter(
    (wish, at) =>
      !wishes.some(
        (other, place) => place !== at && within(wish, other) && (place < at || !within(other, wish)),
      ),
  );

const within = (wish: Wish, other: Wish): boolean =>
  wish.scopes.every((scope) => other.scopes.some((wide) => covers(wide, scope)));

/** A scope with only some of its letters, in the way in which it was written. */
function cut(scope: ResourceScope, allowed: string): ResourceScope | undefined {
  const letters = [...scope.letters].filter((letter) => allowed.includes(letter)).join('');
  if (letters === '') return undefined;
  if (letters === scope.letters) return scope;
  const [, start, suffix, rest = ''] = /^(.*?\/(?:\*|\w+)\.)([a-z*]+)(\?.*)?$/.exec(scope.text)!;
  const isVersion1 = suffix === '*' || suffix === 'read' || suffix === 'write';
  const spelt = isVersion1 ? (allowed === SEE ? 'read' : 'write') : letters;
  return { ...scope, letters, text: `${start}${spelt}${rest}` };
}

/** How far a permission reaches, said after the name of its group. */
const LEVELS: Readonly<Record<ResourceScope['level'], string>> = {
  patient: '',
  user: ', in every record that you may open',
  system: ', in every record here',
};
const OTHER = 'Other';

function itemOf(wish: Wish): Item {
  const { level, type, scopes, writes } = wish;
  const isAll = type === '*';
  const group = isAll ? EVERYTHING : groupOf(type);
  const kinds = isAll ? partsOf(wish) : kindsOf(wish);
  const all = [...new Set(scopes.map(({ text }) => text))].join(' ');
  return {
    group: group + LEVELS[level],
    value: all,
    title: titleOf(wish),
    can: writes ? verbs(scopes) : 'see',
    scope: all,
    ticked: true,
    ...(isAll && { wildcard: true }),
    ...(kinds.length > 0 && { children: kinds }),
  };
}

function verbs(scopes: readonly ResourceScope[]): string {
  const letters = [...WRITE].filter((letter) => scopes.some((scope) => scope.letters.includes(letter)));
  return listed(letters.map((letter) => VERBS[letter]!));
}

const listed = (words: readonly string[], last = 'and'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

const groupOf = (type: string): string => RECORD_GROUPS.find(({ types }) => type in types)?.name ?? OTHER;

const typeTitle = (type: string): string =>
  RECORD_GROUPS.map(({ types }) => types[type]).find((title) => title !== undefined) ??
  type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');

/** `Lab results`; `Prescriptions, only where status is active` */
function titleOf({ type, query }: Wish): string {
  const whole = type === '*' ? 'The whole record' : typeTitle(type);
  const named =
    query.length === 1 && query[0]![0] === 'category' ? categoryTitle(type, query[0]![1]) : undefined;
  if (named !== undefined) return named;
  const conditions = query.map(([name, value]) => `${name} is ${listed(value.split(',').map(codeOf), 'or')}`);
  return conditions.length === 0 ? whole : `${whole}, only where ${listed(conditions)}`;
}

const codeOf = (token: string): string => token.slice(token.lastIndexOf('|') + 1) || token;

function categoryTitle(type: string, category: string): string | undefined {
  const code = codeOf(category);
  const kind = KINDS[type]?.find((one) => codeOf(one.category) === code);
  return kind?.title ?? CATEGORY_WORDS[`${type} ${code}`];
}

/** Kinds of a Condition or an Observation that may be shared in place of all. */
function kindsOf(wish: Wish): readonly PermissionView[] {
  if (wish.query.some(([name]) => name.startsWith('category'))) return [];
  return (KINDS[wish.type] ?? []).map(({ category, title }) =>
    child(wish, title, (scope) => [narrowed(scope, scope.type, `category=${category}`)]),
  );
}

/** Parts of the record that may be shared in place of the whole of it. */
function partsOf(wish: Wish): readonly PermissionView[] {
  return PERSONAL_GROUPS.map(({ name, types }) =>
    child(wish, name, (scope) => Object.keys(types).map((type) => narrowed(scope, type))),
  );
}

function child(
  { scopes, writes }: Wish,
  title: string,
  narrowTo: (scope: ResourceScope) => readonly string[],
): PermissionView {
  const value = [...new Set(scopes.flatMap(narrowTo))].join(' ');
  return { value, title, can: writes ? verbs(scopes) : 'see', scope: value, ticked: false };
}

/** In version 2, since version 1 knows no filters. */
function narrowed({ level, letters, text }: ResourceScope, type: string, filter?: string): string {
  const at = text.indexOf('?');
  const filters = [at < 0 ? undefined : text.slice(at + 1), filter].filter((one) => one !== undefined);
  return `${level}/${type}.${letters}${filters.length > 0 ? `?${filters.join('&')}` : ''}`;
}

function identityItem(requested: readonly string[]): readonly Item[] {
  const asked = requested.filter((scope) => IDENTITY.includes(scope));
  if (asked.length === 0) return [];
  const value = asked.join(' ');
  const title = 'Who you are: your name and your entry here';
  return [{ group: ABOUT_YOU, value, title, can: 'see', scope: value, ticked: true }];
}

const MOST_UNSEEN = 4;

/** Clauses after "It will not be able to". Each is true of the scopes as they were asked, and so of anything narrower. */
function cannotOf(requested: readonly string[]): readonly string[] {
  const scopes = requested.flatMap(resourceScope);
  if (scopes.length === 0) return ['see any record', 'see your password'];
  const missing = [...WRITE].filter((letter) => !scopes.some(({ letters }) => letters.includes(letter)));
  const sees = (types: readonly string[]): boolean =>
    scopes.some(({ type, letters }) => (type === '*' || types.includes(type)) && /[rs]/.test(letters));
  const unseen = RECORD_GROUPS.filter(({ types }) => !sees(Object.keys(types))).flatMap(
    ({ unseen: clause }) => clause ?? [],
  );
  const onlyOne = scopes.every(({ level }) => level === 'patient');
  return [
    ...(missing.length > 0
      ? [
          `${listed(
            missing.map((letter) => VERBS[letter]!),
            'or',
          )} anything`,
        ]
      : []),
    ...unseen.slice(0, MOST_UNSEEN),
    ...(onlyOne ? ['see the record of anyone else'] : []),
    ...(requested.includes('offline_access') ? [] : ['look at the record while you are away']),
    'see your password',
  ];
}

const viewOf = ({ group: _group, ...view }: Item): PermissionView => view;
