/**
 * What a request told or did, as notes of the audit trail: handlers say which versions went out and the edge of interactions makes the notes. Nothing is
 * parsed for it: whom a version concerns is found by looking for `Patient/` in its bytes. https://profiles.ihe.net/ITI/BALP/
 */
import type { AuditNote, Happening, Who } from '../access/audit/note.ts';
import type { Context } from './record.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import type { Interaction } from './routes.ts';
import { CURSOR } from './cursor.ts';
import type { Told } from './told.ts';

const HAPPENINGS: Readonly<Record<Interaction | 'unknown', Happening>> = {
  capabilities: 'operation',
  bundle: 'operation',
  read: 'read',
  vread: 'vread',
  create: 'create',
  update: 'update',
  'update-conditional': 'update',
  patch: 'patch',
  'patch-conditional': 'patch',
  delete: 'delete',
  'delete-conditional': 'delete',
  'history-instance': 'history',
  'history-type': 'history',
  'history-system': 'history',
  reindex: 'operation',
  'reindex-status': 'operation',
  validate: 'operation',
  terminology: 'operation',
  'search-type': 'search',
  'search-system': 'search',
  'search-compartment': 'search',
  unknown: 'operation',
};

/** The notes of a request once its answer is known. Metadata is everyone's; the entries of a bundle have notes of their own. */
export function notesOf(
  { request, access, witness }: Pick<Context, 'request' | 'access' | 'witness'>,
  interaction: Interaction | 'unknown',
  response: FhirResponse,
): AuditNote[] {
  const isDone = response.status < 400;
  if (!witness || interaction === 'capabilities') return [];
  if (isDone && (witness.committed || interaction === 'bundle')) return [];
  const happening = HAPPENINGS[interaction];
  const query = queryOf(request, happening);
  const asked = {
    at: Date.now(),
    happening,
    who: access.who,
    requestId: request.id,
    ...(access.purpose !== undefined && { purpose: access.purpose }),
    ...(query !== undefined && { query }),
  };
  if (!isDone) return [refused(asked, request, response)];
  return split({ ...asked, outcome: 'done' }, witness.told, patientsIn(query));
}

/** The note of a request that was refused before it came to an interaction: no bearer, a body that is too large. */
export function refusalNote(
  who: Who,
  request: { readonly method: string; readonly path: readonly string[]; readonly id: string },
  response: FhirResponse,
): AuditNote {
  const asked = { at: Date.now(), happening: byMethod(request), who, requestId: request.id } as const;
  return refused(asked, request, response);
}

const METHODS: Readonly<Record<string, Happening>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function byMethod({
  method,
  path,
}: {
  readonly method: string;
  readonly path: readonly string[];
}): Happening {
  const last = path.at(-1) ?? '';
  if (last.startsWith('$') || path.length === 0) return 'operation';
  if (last === '_search') return 'search';
  if (path.includes('_history')) return path.length > 3 ? 'vread' : 'history';
  return METHODS[method] ?? (path.length === 2 ? 'read' : 'search');
}

const NAME = /^[A-Z][A-Za-z]{1,63}$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const MOST_TEXT = 2000;
const MOST_REASON = 400;

function refused(
  asked: Omit<AuditNote, 'outcome'>,
  { path }: Pick<FhirRequest, 'path'>,
  response: FhirResponse,
): AuditNote {
  const [type = '', id = ''] = path;
  const named = NAME.test(type) && ID.test(id);
  const patients = new Set(patientsIn(asked.query));
  if (named && type === 'Patient') patients.add(id);
  return {
    ...asked,
    outcome: response.status < 500 ? 'refused' : 'failed',
    ...(named && { what: [`${type}/${id}`] }),
    ...(patients.size > 0 && { patients: [...patients] }),
    reason: `${response.status} ${reasonOf(response)}`.trim().slice(0, MOST_REASON),
  };
}

function reasonOf({ body }: FhirResponse): string {
  if (body?.kind !== 'tree') return '';
  const [first] = (body.tree['issue'] ?? []) as unknown as { readonly diagnostics?: string }[];
  return first?.diagnostics ?? '';
}

/** Where the answer follows from what was asked, what was asked is part of the record. */
function queryOf({ path, query }: FhirRequest, happening: Happening): string | undefined {
  const asksMore = happening === 'search' || happening === 'history' || happening === 'operation';
  if (!asksMore && query.length === 0) return undefined;
  const asked = query.filter(([name]) => name !== CURSOR);
  const text = asked.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return (path.join('/') + (text === '' ? '' : `?${text}`)).slice(0, MOST_TEXT) || undefined;
}

const BY_PATIENT =
  /[?&](?:patient|subject)(?::Patient)?=(?:Patient%2F)?([A-Za-z0-9\-.]{1,64})(?=&|$)|^Patient\/([A-Za-z0-9\-.]{1,64})\//g;

/** The patients that a query names. */
function patientsIn(query: string | undefined): string[] {
  if (query === undefined) return [];
  return [...query.matchAll(BY_PATIENT)].map(([, named, inside]) => (named ?? inside)!);
}

const REFERENCE = Buffer.from('Patient/');
/** Patients of one version that are looked for: more than these are lists of patients, who are not concerned one by one. */
const MOST_PATIENTS = 50;

/** Bare ids of the patients that a version names, or is. */
export function patientsOf({ type, id, body, before }: Told, into = new Set<string>()): Set<string> {
  if (type === 'Patient') into.add(id);
  if (body) addNamed(body, into);
  if (before) addNamed(before, into);
  return into;
}

function addNamed(body: Uint8Array, into: Set<string>): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (let at = bytes.indexOf(REFERENCE); at >= 0 && into.size < MOST_PATIENTS;) {
    const from = at + REFERENCE.length;
    let to = from;
    while (to < bytes.length && to - from <= 64 && isIdByte(bytes[to]!)) to++;
    if (isStart(bytes, at) && to > from && to - from <= 64) into.add(bytes.toString('latin1', from, to));
    at = bytes.indexOf(REFERENCE, to);
  }
}

/** A reference begins with a quote, or with a slash where it is a whole address. */
const isStart = (bytes: Buffer, at: number): boolean => bytes[at - 1] === 0x22 || bytes[at - 1] === 0x2f;

const isIdByte = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  byte === 0x2d ||
  byte === 0x2e;

const nameOf = ({ type, id, versionId }: Told): string =>
  versionId === undefined ? `${type}/${id}` : `${type}/${id}/_history/${versionId}`;

/** What one note names at most. */
const MOST_NAMED = 100;

/** One note, or several where more is told than one may name: so every version is named, and every patient. */
export function split(
  note: AuditNote,
  told: readonly Told[],
  alsoPatients: readonly string[] = [],
): AuditNote[] {
  if (told.length === 0) return [{ ...note, ...(alsoPatients.length > 0 && { patients: alsoPatients }) }];
  const notes: AuditNote[] = [];
  for (let from = 0; from < told.length; from += MOST_NAMED)
    notes.push(named(note, told.slice(from, from + MOST_NAMED), alsoPatients));
  return notes;
}

function named(note: AuditNote, told: readonly Told[], alsoPatients: readonly string[]): AuditNote {
  const patients = new Set<string>(alsoPatients);
  const own = told.map((one) => patientsOf(one));
  for (const some of own) for (const patient of some) patients.add(patient);
  const what = told.map(nameOf);
  if (patients.size === 0) return { ...note, what };
  const all = [...patients];
  if (all.length === 1) return { ...note, what, patients: all };
  const places = new Map(all.map((patient, i) => [patient, i]));
  return { ...note, what, patients: all, of: own.map((some) => [...some].map((one) => places.get(one)!)) };
}
