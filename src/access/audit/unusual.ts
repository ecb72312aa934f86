/**
 * What in the trail is not as it usually is: plain rules over notes, each with a number that anyone can check. They point; they never judge. Times are of
 * UTC. https://www.hhs.gov/hipaa/for-professionals/security/laws-regulations (information system activity review), docs/adr/0035
 */
import type { AuditNote, Who } from './note.ts';

export const RULES = {
  /** patients whose records one caller opens within `burstMs` */
  records: 50,
  /** refusals that one caller meets within `burstMs` */
  refusals: 20,
  burstMs: 10 * 60_000,
  /** sign-ins that fail, for one account or from one address, within `signInMs` */
  signIns: 10,
  signInMs: 60 * 60_000,
  /** days of work before an hour can be unusual, and before a volume can */
  days: 5,
  /** an unusual volume: so many patients in a day, and so many times more than on any day before */
  volume: 20,
  times: 3,
  /** what is told as new */
  newMs: 24 * 60 * 60_000,
} as const;

export type UnusualKind = 'many-records' | 'refusals' | 'sign-ins' | 'hour' | 'volume';

export interface UnusualFinding {
  readonly kind: UnusualKind;
  readonly who: Who;
  /** of sign-ins: where they came from */
  readonly address?: string;
  /** patients, refusals or sign-ins */
  readonly number: number;
  /** of a volume: the most on any day before. Of an hour: the hour of UTC */
  readonly usual?: number;
  /** ms since 1970 */
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SEEN: ReadonlySet<string> = new Set(['read', 'vread', 'search', 'history', 'operation', 'export']);

/** `notes` in any order; findings of the last day, newest first. */
export function unusual(notes: readonly AuditNote[], now: number): readonly UnusualFinding[] {
  const inOrder = notes.toSorted((one, other) => one.at - other.at);
  const byCaller = groups(inOrder, ({ who }) => callerOf(who));
  const signIns = inOrder.filter(
    ({ happening, outcome }) => happening === 'sign-in' && outcome === 'refused',
  );
  const found = [
    ...byCaller.flatMap((one) => [...bursts(one), ...ofPerson(one, now)]),
    ...groups(signIns, ({ who }) => who.accountId ?? who.name).flatMap((one) => failedSignIns(one)),
    ...groups(signIns, ({ detail }) => detail?.['address']).flatMap((one) =>
      failedSignIns(one, one[0]!.detail?.['address']),
    ),
  ];
  return found.filter(({ to }) => to > now - RULES.newMs).sort((one, other) => other.to - one.to);
}

/** Who it is that does it: the person where there is one, whatever the app. */
const callerOf = ({ accountId, clientId }: Who): string | undefined =>
  accountId === undefined ? clientId && `client:${clientId}` : `account:${accountId}`;

type Notes = readonly AuditNote[];

function groups(notes: Notes, keyOf: (note: AuditNote) => string | undefined): readonly Notes[] {
  const byKey = Map.groupBy(notes, keyOf);
  byKey.delete(undefined);
  return [...byKey.values()];
}

function bursts(notes: Notes): readonly UnusualFinding[] {
  const seen = notes.filter(isSeen);
  const refused = notes.filter(({ outcome, happening }) => outcome === 'refused' && happening !== 'sign-in');
  const records = densest(seen, RULES.burstMs, (some) => patientsOf(some).size);
  const refusals = densest(refused, RULES.burstMs, (some) => some.length);
  return [
    ...(records && records.number >= RULES.records ? [{ kind: 'many-records' as const, ...records }] : []),
    ...(refusals && refusals.number >= RULES.refusals ? [{ kind: 'refusals' as const, ...refusals }] : []),
  ];
}

function failedSignIns(notes: Notes, address?: string): readonly UnusualFinding[] {
  const most = densest(notes, RULES.signInMs, (some) => some.length);
  if (!most || most.number < RULES.signIns) return [];
  return [{ kind: 'sign-ins', ...most, ...(address !== undefined && { address, who: { kind: 'nobody' } }) }];
}

const isSeen = ({ happening, outcome, patients = [] }: AuditNote): boolean =>
  outcome === 'done' && patients.length > 0 && SEEN.has(happening);

const patientsOf = (notes: Notes): ReadonlySet<string> =>
  new Set(notes.flatMap(({ patients = [] }) => patients));

/** The stretch of so many ms with the highest number. */
function densest(
  notes: Notes,
  ms: number,
  numberOf: (some: Notes) => number,
): Pick<UnusualFinding, 'who' | 'number' | 'from' | 'to'> | undefined {
  let best: Pick<UnusualFinding, 'who' | 'number' | 'from' | 'to'> | undefined;
  let first = 0;
  notes.forEach((note, last) => {
    while (notes[first]!.at < note.at - ms) first++;
    // Where the next one is still within the stretch, it has at least this number.
    if (notes[last + 1] !== undefined && notes[last + 1]!.at <= notes[first]!.at + ms) return;
    const number = numberOf(notes.slice(first, last + 1));
    if (number >= (best?.number ?? 0)) best = { who: note.who, number, from: notes[first]!.at, to: note.at };
  });
  return best;
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS);
const hourOf = (at: number): number => Math.floor((at % DAY_MS) / HOUR_MS);

/** Against the person's own past. A service has no hours. */
function ofPerson(notes: Notes, now: number): readonly UnusualFinding[] {
  const seen = notes.filter((note) => note.who.accountId !== undefined && isSeen(note));
  const past = seen.filter(({ at }) => at <= now - RULES.newMs);
  const recent = seen.filter(({ at }) => at > now - RULES.newMs);
  const days = Map.groupBy(past, ({ at }) => dayOf(at));
  if (days.size < RULES.days || recent.length === 0) return [];
  return [...newHour(past, recent), ...newVolume([...days.values()], recent)];
}

/** Not beside an hour that they work at: someone who starts a little early is not worth a look. */
function newHour(past: Notes, recent: Notes): readonly UnusualFinding[] {
  const known = new Set(
    past.flatMap(({ at }) => [hourOf(at), (hourOf(at) + 1) % 24, (hourOf(at) + 23) % 24]),
  );
  const odd = recent.filter(({ at }) => !known.has(hourOf(at)));
  const [first] = odd;
  if (!first) return [];
  const number = patientsOf(odd).size;
  return [
    { kind: 'hour', who: first.who, number, usual: hourOf(first.at), from: first.at, to: odd.at(-1)!.at },
  ];
}

function newVolume(days: readonly Notes[], recent: Notes): readonly UnusualFinding[] {
  const usual = Math.max(...days.map((notes) => patientsOf(notes).size));
  const number = patientsOf(recent).size;
  if (number < RULES.volume || number <= usual * RULES.times) return [];
  const [first, last] = [recent[0]!, recent.at(-1)!];
  return [{ kind: 'volume', who: last.who, number, usual, from: first.at, to: last.at }];
}
