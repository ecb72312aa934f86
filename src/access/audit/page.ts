/**
 * Notes as they are kept: one JSON object a line with short names, since a busy server writes thousands a second; and the keys that a page is found by.
 * https://github.com/ndjson/ndjson-spec
 */
import type { NewAuditPage } from '../../store/audit-port.ts';
import type { AuditNote, Happening, Who } from './note.ts';

/** Short names of a line. `t` at, `h` happening, `o` outcome where it is not `done`, `w` who, `r` request. */
interface Line {
  readonly t: number;
  readonly h: Happening;
  readonly o?: AuditNote['outcome'];
  readonly w: Who;
  readonly r: string;
  readonly x?: AuditNote['what'];
  readonly p?: AuditNote['patients'];
  readonly of?: AuditNote['of'];
  readonly q?: string;
  readonly u?: string;
  readonly y?: string;
  readonly l?: string;
  readonly d?: AuditNote['detail'];
}

/** The texts of who asks: the same object comes with every request of a token. */
const known = new WeakMap<Who, string>();

function whoText(who: Who): string {
  let text = known.get(who);
  if (text === undefined) known.set(who, (text = JSON.stringify(who)));
  return text;
}

/** One line, without its end. */
export function encodeNote(note: AuditNote): string {
  const { at, happening, outcome, who, requestId, what, patients, of, query, purpose, reason, rule, detail } =
    note;
  let line = `{"t":${at},"h":"${happening}"`;
  if (outcome !== 'done') line += `,"o":"${outcome}"`;
  line += `,"w":${whoText(who)},"r":${JSON.stringify(requestId)}`;
  if (what && what.length > 0) line += `,"x":${JSON.stringify(what)}`;
  if (patients && patients.length > 0) line += `,"p":${JSON.stringify(patients)}`;
  if (of) line += `,"of":${JSON.stringify(of)}`;
  if (query !== undefined) line += `,"q":${JSON.stringify(query)}`;
  if (purpose !== undefined) line += `,"u":${JSON.stringify(purpose)}`;
  if (reason !== undefined) line += `,"y":${JSON.stringify(reason)}`;
  if (rule !== undefined) line += `,"l":${JSON.stringify(rule)}`;
  if (detail) line += `,"d":${JSON.stringify(detail)}`;
  return `${line}}`;
}

function decodeLine(line: string): AuditNote {
  const { t, h, o = 'done', w, r, x, p, of, q, u, y, l, d } = JSON.parse(line) as Line;
  return {
    at: t,
    happening: h,
    outcome: o,
    who: w,
    requestId: r,
    ...(x && { what: x }),
    ...(p && { patients: p }),
    ...(of && { of }),
    ...(q !== undefined && { query: q }),
    ...(u !== undefined && { purpose: u }),
    ...(y !== undefined && { reason: y }),
    ...(l !== undefined && { rule: l }),
    ...(d && { detail: d }),
  };
}

/** The notes of a page in the order in which they were kept. */
export function decodeNotes(body: Uint8Array): AuditNote[] {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return text.split('\n').map(decodeLine);
}

export const patientKey = (id: string): string => `Patient/${id}`;
export const clientKey = (id: string): string => `client:${id}`;
export const accountKey = (id: string): string => `account:${id}`;
export const outcomeKey = (outcome: AuditNote['outcome']): string => `outcome:${outcome}`;
export const happeningKey = (happening: Happening): string => `is:${happening}`;

/** What happens all the time: nearly every page would carry its key. */
const COMMON: ReadonlySet<Happening> = new Set([
  'read',
  'vread',
  'search',
  'history',
  'create',
  'update',
  'patch',
]);
export const hasKey = (happening: Happening): boolean => !COMMON.has(happening);

function addKeys(keys: Set<string>, { who, patients = [], outcome, happening }: AuditNote): void {
  for (const patient of patients) keys.add(patientKey(patient));
  if (who.clientId !== undefined) keys.add(clientKey(who.clientId));
  if (who.accountId !== undefined) keys.add(accountKey(who.accountId));
  if (who.fhirUser !== undefined) keys.add(who.fhirUser);
  if (outcome !== 'done') keys.add(outcomeKey(outcome));
  if (hasKey(happening)) keys.add(happeningKey(happening));
}

/** At least one note. */
export function pageOf(notes: readonly AuditNote[]): NewAuditPage {
  const keys = new Set<string>();
  let [since, at] = [Infinity, -Infinity];
  for (const note of notes) {
    addKeys(keys, note);
    since = Math.min(since, note.at);
    at = Math.max(at, note.at);
  }
  return { since, at, body: new Uint8Array(Buffer.from(notes.map(encodeNote).join('\n'))), keys: [...keys] };
}
