/**
 * Flaws in words: where it is as FHIRPath, what was found, what would be right. One cause is told once.
 * https://hl7.org/fhir/R4/operationoutcome.html#expression
 */
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean, nearNames } from '../model/near.ts';
import { issue, type Fault, type Issue } from '../model/outcome.ts';
import { Decimal, isObject, type JsonObject, type JsonValue, type ResourceTree } from '../model/tree.ts';
import { cellsOf } from './cells.ts';
import type { Flaw, FlawKind } from './flaw.ts';
import { RIGHT_FORMS, xhtmlFlaw } from './formats.ts';

/** More issues than anyone reads; the rest is told as a number. */
const MOST = 100;

export function explain(definitions: Definitions, tree: ResourceTree, flaws: readonly Flaw[]): Issue[] {
  const places = flaws.map((flaw) => ({ flaw, place: locate(definitions, tree, flaw.path) }));
  const causes = places.filter((one) => !isFollowUp(definitions, one, places));
  const issues = causes.slice(0, MOST).map(({ flaw, place }) => issueOf(definitions, flaw, place));
  if (causes.length <= MOST) return issues;
  const diagnostics = `${causes.length - MOST} or more further issues are not shown`;
  return [...issues, { severity: 'information', code: 'informational', diagnostics }];
}

/** A place in a resource. */
interface Place {
  /** as FHIRPath: `Patient.name[0].family` */
  readonly expression: string;
  /** the object that the value stands in, and the type of that */
  readonly owner: string;
  /** type of the value, '' where unknown */
  readonly type: string;
  readonly value: JsonValue | undefined;
}

/** Follows a JSON pointer through the tree along the definitions. */
function locate(definitions: Definitions, tree: ResourceTree, pointer: string): Place {
  let place: Place = { expression: tree.resourceType, owner: '', type: tree.resourceType, value: tree };
  for (const token of pointer.split('/').slice(1)) place = step(definitions, place, token);
  return place;
}

function step(definitions: Definitions, { expression, owner, type, value }: Place, token: string): Place {
  if (Array.isArray(value)) {
    const item = value[Number(token)];
    return { expression: `${expression}[${token}]`, owner, type: typeOf(type, item), value: item };
  }
  const isSibling = token.startsWith('_');
  const found = definitions.property(type, isSibling ? token.slice(1) : token);
  const next = (value as JsonObject)[token];
  const name = found?.element.name ?? token;
  const own = found === undefined ? '' : isSibling ? 'Element' : typeOf(found.type, next);
  return { expression: `${expression}.${name}`, owner: type, type: own, value: next };
}

/** Inline resources name their own type. */
function typeOf(type: string, value: JsonValue | undefined): string {
  const inline = type === 'Resource' && isObject(value) ? value['resourceType'] : undefined;
  return typeof inline === 'string' ? inline : type;
}

interface Located {
  readonly flaw: Flaw;
  readonly place: Place;
}

/** An object that is empty, or has a misspelt name, lacks its required elements as well: that is not told again. */
function isFollowUp(definitions: Definitions, { flaw, place }: Located, all: readonly Located[]): boolean {
  if (flaw.kind !== 'needs' && flaw.kind !== 'either') return false;
  return all.some(({ flaw: other }) => {
    if (other.path !== flaw.path) return false;
    if (other.kind === 'content') return true;
    return other.kind === 'unknown' && isMisspelt(definitions, place.type, other.about, flaw.about);
  });
}

function isMisspelt(definitions: Definitions, type: string, name: string, element: string): boolean {
  const { needs, choices } = cellsOf(definitions).of(type).schema();
  return name.startsWith(element) || nearNames(name, needs[element] ?? choices[element] ?? []).length > 0;
}

/** What a flaw is called in an OperationOutcome. */
const CODES: Readonly<Record<FlawKind, Fault>> = {
  array: 'syntax',
  choice: 'syntax',
  contained: 'invariant',
  content: 'invariant',
  either: 'invariant',
  'empty-array': 'syntax',
  most: 'syntax',
  needs: 'required',
  null: 'syntax',
  object: 'syntax',
  primitive: 'value',
  'resource-type': 'syntax',
  unknown: 'unknown-element',
};

function issueOf(definitions: Definitions, flaw: Flaw, place: Place): Issue {
  const isBelow = flaw.kind === 'needs' || flaw.kind === 'unknown';
  const expression = isBelow ? `${place.expression}.${flaw.about.slice(0, 64)}` : place.expression;
  const isShape =
    flaw.kind === 'primitive' &&
    (Array.isArray(place.value) || isObject(place.value) || place.value === null);
  // An expression names an element that is there: of what is missing, that which lacks it; the words name the rest.
  return issue(
    isShape ? 'syntax' : CODES[flaw.kind],
    `${expression}: ${words(definitions, flaw, place)}`,
    place.expression,
  );
}

function words(definitions: Definitions, { kind, about }: Flaw, place: Place): string {
  const { value } = place;
  switch (kind) {
    case 'array':
      return `it may repeat, so it is an array, found ${describe(value)}: put it in [ ]`;
    case 'object':
      return Array.isArray(value)
        ? onlyOnce(value)
        : `expected an object (${shortName(about)}), found ${describe(value)}`;
    case 'primitive':
      return primitiveWords(about, value);
    case 'null':
      return 'null is only allowed in an array of primitives, beside the id or extensions of the same index: leave it out';
    case 'empty-array':
      return 'an array may not be empty: leave the property out';
    case 'most':
      return `found ${(value as JsonValue[]).length} items, at most ${about} are allowed`;
    case 'unknown':
      return unknownWords(definitions, about, place.type);
    case 'needs':
      return `it is missing, and ${shortName(place.type)} needs it`;
    case 'choice':
      return `only one form of it may be there, found this one and "${about}"`;
    case 'content':
      return isObject(value) && Object.keys(value).length > 0
        ? 'an id alone is not enough: an element has a value or child elements'
        : 'an object may not be empty: give it content, or leave the property out';
    case 'either':
      return isObject(value) && value['extension'] !== undefined
        ? 'it has a value and extensions: an extension has one or the other'
        : 'it has neither a value nor extensions: give it one of them, such as valueString';
    case 'contained':
      return 'a contained resource may not contain others: move them to the outer resource';
    case 'resource-type':
      return resourceTypeWords(definitions, value);
  }
}

const onlyOnce = (value: JsonValue[]): string =>
  `it may stand only once, so it is no array, found ${describe(value)}: send the value itself`;

function primitiveWords(type: string, value: JsonValue | undefined): string {
  if (Array.isArray(value)) return onlyOnce(value);
  if (value === null) return 'null is not allowed: leave the property out';
  const flaw = type === 'xhtml' && typeof value === 'string' ? ` (${xhtmlFlaw(value)})` : '';
  return `${describe(value)} is no ${type}${flaw}: write ${RIGHT_FORMS[type] ?? `a ${type}`}`;
}

function unknownWords(definitions: Definitions, name: string, type: string): string {
  const shown = `"${name.slice(0, 64)}"`;
  const members = Object.keys(cellsOf(definitions).of(type).schema().members);
  const forms = members.filter(
    (one) =>
      definitions.property(type, one)?.element.choice &&
      definitions.property(type, one)?.element.name === name,
  );
  if (forms.length > 0) return `${shown} needs its type in the name: ${listing(forms)}`;
  if (name.startsWith('_') && members.includes(name.slice(1)))
    return `only primitives have a property with "_" beside them: leave ${shown} out`;
  const near = didYouMean(
    name,
    name.startsWith('_') ? members : members.filter((one) => !one.startsWith('_')),
  );
  return `${shortName(type)} has no element ${shown}.${near}`;
}

const listing = (names: readonly string[]): string =>
  (names.length > 4 ? [...names.slice(0, 4), '…'] : names).join(', ');

/** Why a value is not the name of a resource type. */
export function resourceTypeWords(definitions: Definitions, value: JsonValue | undefined): string {
  if (typeof value !== 'string') return 'it is missing: it names the type of the resource, such as "Patient"';
  return `"${value.slice(0, 64)}" is not a resource type of FHIR R4.${didYouMean(value, definitions.resourceTypes)}`;
}

/** `Observation.component` is a component of an Observation. */
const shortName = (type: string): string => (type === '' ? 'this' : type);

function describe(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Decimal) return value.text.slice(0, 64);
  if (isObject(value)) return 'an object';
  return typeof value === 'string'
    ? JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value)
    : String(value);
}
