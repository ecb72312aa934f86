/**
 * Who stands for a patient: RelatedPerson resources that are active and in their period, several of which can be one person by a Person that links them.
 * Looked at anew at each request, so that a tie that ends is worth nothing from then on. https://hl7.org/fhir/R4/relatedperson.html, https://hl7.org/fhir/R4/person.html
 */
import { parseJson } from '../../fhir/model/json.ts';
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';
import { dateRange } from '../../fhir/search/date.ts';
import { ALL } from '../../fhir/search/expression.ts';
import { BEGINNING, FOREVER } from '../../fhir/search/index-value.ts';
import { searchPlan } from '../../fhir/search/plan.ts';
import type { StoredResource, TenantStore } from '../../store/ports.ts';

/** More are not looked at: a person with more children than that asks the operator. */
const MOST_TIES = 50;
const MOST_PERSONS = 10;

export function treeOf({ body }: StoredResource): JsonObject {
  const { buffer, byteOffset, byteLength } = body!;
  const tree = parseJson(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'));
  return isObject(tree) ? tree : {};
}

/** Partial dates count whole: a period that ends on a day ends with it. What is no date keeps out. */
export function isDuring(period: JsonValue | undefined, now: number): boolean {
  if (period === undefined) return true;
  if (!isObject(period)) return false;
  const { start, end } = period;
  const starts = start === undefined ? BEGINNING : typeof start === 'string' && dateRange(start)?.low;
  const ends = end === undefined ? FOREVER : typeof end === 'string' && dateRange(end)?.high;
  return typeof starts === 'number' && typeof ends === 'number' && starts <= now && now <= ends;
}

/** Bare ids of the patients that a RelatedPerson stands for now; those of the same person's other RelatedPersons come along. */
export async function patientsRelated(
  store: TenantStore,
  id: string,
  now: number,
): Promise<readonly string[]> {
  const own = await patientsNow(store, [id], now);
  // Only a tie of one's own that holds leads on to the others.
  if (own.length === 0) return [];
  const others = await samePerson(store, id);
  return others.length === 0 ? own : [...new Set([...own, ...(await patientsNow(store, others, now))])];
}

async function patientsNow(store: TenantStore, ids: readonly string[], now: number): Promise<string[]> {
  const found = await store.resources.read(ids.map((id) => ({ type: 'RelatedPerson', id })));
  return found.flatMap((stored) => (stored?.body ? (patientOf(treeOf(stored), now) ?? []) : []));
}

function patientOf(related: JsonObject, now: number): string | undefined {
  if (related['active'] === false || !isDuring(related['period'], now)) return undefined;
  const patient = isObject(related['patient']) ? related['patient']['reference'] : undefined;
  return typeof patient === 'string' ? /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(patient)?.[1] : undefined;
}

/** The other RelatedPersons that an active Person says to be the same one. */
async function samePerson(store: TenantStore, id: string): Promise<readonly string[]> {
  const where = { op: 'key', param: 'link', keys: [`RelatedPerson/${id}`] } as const;
  const plan = searchPlan({ branches: [{ type: 'Person', where }], count: MOST_PERSONS }, () => ALL);
  const { resources } = await store.resources.search(plan);
  const linked = resources.map(treeOf).filter((person) => person['active'] !== false);
  const names = linked.flatMap((person) =>
    Array.isArray(person['link']) ? person['link'].flatMap(relatedIn) : [],
  );
  return [...new Set(names)].filter((one) => one !== id).slice(0, MOST_TIES);
}

/** Below the second level a link is a guess. https://hl7.org/fhir/R4/valueset-identity-assuranceLevel.html */
const GUESSED: readonly JsonValue[] = ['level1'];

function relatedIn(link: JsonValue): string[] {
  if (!isObject(link) || !isObject(link['target']) || GUESSED.includes(link['assurance'] ?? '')) return [];
  const { reference } = link['target'];
  const id = typeof reference === 'string' && /^RelatedPerson\/([A-Za-z0-9\-.]{1,64})$/.exec(reference)?.[1];
  return id ? [id] : [];
}

export interface Proxy {
  /** id of the RelatedPerson */
  readonly id: string;
  /** as a person is called; the id where there is no name */
  readonly name: string;
  /** `mother`, as the resource has it in words */
  readonly relationship?: string;
  /** as the resource has them: partial dates are possible */
  readonly from?: string;
  readonly until?: string;
  /** whether it opens the record now */
  readonly isInForce: boolean;
  /** `ended`, `not yet`, `switched off` */
  readonly why?: 'ended' | 'not yet' | 'switched off';
}

/** Everyone who stands, stood or is to stand for a patient; those in force first. */
export async function proxiesOf(store: TenantStore, patient: string, now: number): Promise<readonly Proxy[]> {
  const where = { op: 'key', param: 'patient', keys: [`Patient/${patient}`] } as const;
  const plan = searchPlan({ branches: [{ type: 'RelatedPerson', where }], count: MOST_TIES }, () => ALL);
  const { resources } = await store.resources.search(plan);
  const all = resources.map((stored) => proxyOf(stored.id, treeOf(stored), now));
  return [...all.filter(({ isInForce }) => isInForce), ...all.filter(({ isInForce }) => !isInForce)];
}

function proxyOf(id: string, related: JsonObject, now: number): Proxy {
  const period = isObject(related['period']) ? related['period'] : {};
  const { start: from, end: until } = period;
  const why = whyNot(related, now);
  const relationship = relationshipIn(related);
  return {
    id,
    name: nameIn(related) ?? id,
    ...(relationship !== undefined && { relationship }),
    ...(typeof from === 'string' && { from }),
    ...(typeof until === 'string' && { until }),
    isInForce: why === undefined,
    ...(why !== undefined && { why }),
  };
}

function whyNot(related: JsonObject, now: number): Proxy['why'] {
  if (related['active'] === false) return 'switched off';
  if (isDuring(related['period'], now)) return undefined;
  const { start } = isObject(related['period']) ? related['period'] : {};
  return isDuring({ ...(start !== undefined && { start }) }, now) ? 'ended' : 'not yet';
}

function nameIn(related: JsonObject): string | undefined {
  const [name] = Array.isArray(related['name']) ? related['name'] : [];
  if (!isObject(name)) return undefined;
  if (typeof name['text'] === 'string') return name['text'];
  const given = Array.isArray(name['given']) ? name['given'].filter((one) => typeof one === 'string') : [];
  const family = typeof name['family'] === 'string' ? [name['family']] : [];
  return [...given, ...family].join(' ') || undefined;
}

function relationshipIn(related: JsonObject): string | undefined {
  const [concept] = Array.isArray(related['relationship']) ? related['relationship'] : [];
  if (!isObject(concept)) return undefined;
  if (typeof concept['text'] === 'string') return concept['text'];
  const [coding] = Array.isArray(concept['coding']) ? concept['coding'] : [];
  const shown = isObject(coding) ? (coding['display'] ?? coding['code']) : undefined;
  return typeof shown === 'string' ? shown : undefined;
}
