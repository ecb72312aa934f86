/**
 * What stands in the trail as a sentence that the person whom it concerns can read: who, what they did, and why. Many looks of one moment are one line:
 * an app that opens a record asks for twenty things at once.
 */
import type { AuditNote, Happening, Who } from '../access/audit/note.ts';
import { RECORD_GROUPS } from './record-parts.ts';

export interface Sentence {
  /** ms since 1970, of the newest of it */
  readonly at: number;
  readonly who: string;
  /** goes on where `who` stops */
  readonly what: string;
  readonly why?: string;
  readonly outcome: AuditNote['outcome'];
}

/** How those whom a note names are called; undefined: not known (any more). */
export interface Names {
  readonly account: (id: string) => string | undefined;
  readonly client: (id: string) => string | undefined;
  /** `Practitioner/1` */
  readonly resource: (reference: string) => string | undefined;
}

export interface Reader {
  /** the account of whoever reads: it is called "You" */
  readonly accountId?: string;
  /** for operators: ids beside words, and the query itself */
  readonly exact?: boolean;
}

/** What the machinery of sign-in does is of no interest to a patient; looks and changes are. */
const TOLD: ReadonlySet<Happening> = new Set([
  'read',
  'vread',
  'search',
  'history',
  'create',
  'update',
  'patch',
  'delete',
  'operation',
  'export',
  'consent',
  'revocation',
  'administration',
]);

export const isTold = ({ happening }: Pick<AuditNote, 'happening'>): boolean => TOLD.has(happening);

/** Notes within this time of one another are one line (ms). */
const TOGETHER_MS = 10 * 60_000;
const MOST_PARTS = 4;

/** Newest first, as the notes come. */
export function sentencesOf(notes: readonly AuditNote[], names: Names, reader: Reader): readonly Sentence[] {
  return lines(notes).map((line) => sentence(line, names, reader));
}

/** One note alone. */
export const sentenceOf = (note: AuditNote, names: Names, reader: Reader): Sentence =>
  sentence([note], names, reader);

type Line = readonly [AuditNote, ...AuditNote[]];

function lines(notes: readonly AuditNote[]): readonly Line[] {
  const all: [AuditNote, ...AuditNote[]][] = [];
  const open = new Map<string, [AuditNote, ...AuditNote[]]>();
  for (const note of notes) {
    const key = keyOf(note);
    const line = key === undefined ? undefined : open.get(key);
    if (line && line.at(-1)!.at - note.at <= TOGETHER_MS) line.push(note);
    else {
      const begun: [AuditNote, ...AuditNote[]] = [note];
      all.push(begun);
      if (key !== undefined) open.set(key, begun);
    }
  }
  return all;
}

/** Looks of one person with one app for one purpose go together; what a person changes stands alone, what a program brings in by the hundred does not. */
function keyOf({ happening, who, outcome, purpose, reason }: AuditNote): string | undefined {
  const verb = VERBS[happening]?.[0];
  if (verb === undefined || (verb !== LOOKED && who.kind === 'person')) return undefined;
  const { kind, accountId, clientId, fhirUser } = who;
  return JSON.stringify([
    verb,
    kind,
    accountId,
    clientId,
    fhirUser,
    outcome,
    purpose,
    outcome === 'done' && reason,
  ]);
}

const LOOKED = 'looked at';
/** What was done, and what was tried. */
const VERBS: Readonly<Partial<Record<Happening, readonly [done: string, tried: string]>>> = {
  read: [LOOKED, 'asked for'],
  vread: [LOOKED, 'asked for'],
  search: [LOOKED, 'asked for'],
  history: [LOOKED, 'asked for'],
  operation: [LOOKED, 'asked for'],
  create: ['added', 'tried to add'],
  update: ['changed', 'tried to change'],
  patch: ['changed', 'tried to change'],
  delete: ['deleted', 'tried to delete'],
};

function sentence(line: Line, names: Names, reader: Reader): Sentence {
  const [note] = line;
  const why = whyOf(line, reader);
  return {
    at: note.at,
    who: whoSays(note.who, names, reader),
    what: whatSays(line, names, reader),
    outcome: note.outcome,
    ...(why !== undefined && { why }),
  };
}

function whoSays(who: Who, names: Names, { accountId, exact }: Reader): string {
  if (who.accountId !== undefined && who.accountId === accountId) return 'You';
  const person =
    (who.accountId === undefined ? undefined : names.account(who.accountId)) ??
    (who.fhirUser === undefined ? undefined : names.resource(who.fhirUser));
  if (who.kind === 'service') return `The app ${appOf(who.clientId, names)}`;
  if (who.kind === 'server') return 'This server';
  if (who.kind === 'open') return 'Someone (no sign-in is asked for here)';
  if (who.kind === 'nobody')
    return exact && who.name !== undefined ? `Someone as "${who.name}"` : 'Someone who was not signed in';
  return person ?? (exact ? (who.fhirUser ?? who.accountId) : undefined) ?? 'Someone whose account is gone';
}

const appOf = (id: string | undefined, names: Names): string =>
  id === undefined ? 'an app' : (names.client(id) ?? id);

/** Our own pages and pickers are no app to a person. */
const isApp = (clientId: string | undefined): clientId is string =>
  clientId !== undefined && clientId !== '' && clientId !== 'picker';

function whatSays(line: Line, names: Names, reader: Reader): string {
  const [note] = line;
  const { happening, outcome, who, detail } = note;
  const by = isApp(who.clientId) && who.kind === 'person' ? ` with ${appOf(who.clientId, names)}` : '';
  const verbs = VERBS[happening];
  if (verbs) return `${outcome === 'done' ? verbs[0] : verbs[1]} ${partsOf(line, reader)}${by}`;
  const app = appOf(detail?.['app'] ?? who.clientId, names);
  switch (happening) {
    case 'export':
      return `took a copy of the record away${by}`;
    case 'consent':
      return outcome === 'done' ? `agreed to what ${app} may see` : `said no to ${app}`;
    case 'revocation':
      return `ended what ${app} may see`;
    case 'registration':
      return `registered ${app}`;
    case 'token':
      return `was given access by a token${by}`;
    case 'introspection':
      return `looked into a token${by}`;
    case 'sign-in':
      return outcome === 'done' ? `signed in${by}` : 'tried to sign in';
    case 'sign-out':
      return 'signed out';
    case 'step-up':
      return outcome === 'done' ? 'proved again who they are' : 'tried to prove again who they are';
    case 'administration':
      return administration(note, reader);
    default:
      return happening;
  }
}

/** What an operator did is told by its name; a proxy that ended in the words of the patient. */
function administration({ what = [], detail }: AuditNote, { exact }: Reader): string {
  const done = detail?.['done'];
  if (!exact && what[0]?.startsWith('RelatedPerson/')) return 'ended that someone acts for this record';
  const named = [done, detail?.['on'] ?? what.join(', ')].filter((one) => one !== undefined && one !== '');
  return named.length === 0 ? 'changed who may do what' : `changed who may do what: ${named.join(' ')}`;
}

const TITLES: ReadonlyMap<string, string> = new Map(
  RECORD_GROUPS.flatMap(({ types }) => Object.entries(types)),
);
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** "lab results, measurements and observations · allergies"; for operators with the resources themselves. */
function partsOf(line: Line, { exact }: Reader): string {
  const named = line.flatMap(({ what = [] }) => what);
  const types = new Set(named.map((reference) => reference.split('/', 1)[0]!));
  for (const { query, what = [] } of line)
    if (what.length === 0 && query !== undefined) addSearched(types, query);
  const words = [...types].map((type) => lowerFirst(TITLES.get(type) ?? type));
  const shown = words.length > MOST_PARTS ? words.slice(0, MOST_PARTS - 1) : words;
  const rest = words.length - shown.length;
  const told = [...shown, ...(rest > 0 ? [`${rest} other parts`] : [])].join(' · ') || 'the record';
  if (exact !== true) return told;
  const first = line[0].query === undefined ? named.slice(0, 3).join(', ') : line[0].query;
  return first === '' ? told : `${told} (${first}${named.length > 3 ? ', …' : ''})`;
}

/** `Observation?category=laboratory` that found nothing still says what was looked for. */
function addSearched(types: Set<string>, query: string): void {
  const type = /^\/?([A-Z][A-Za-z]+)/.exec(query)?.[1];
  if (type !== undefined) types.add(type);
}

/** https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html */
const PURPOSES: Readonly<Record<string, string>> = {
  TREAT: 'for treatment',
  ETREAT: 'in an emergency',
  BTG: 'in an emergency, past the usual limits',
  CAREMGT: 'to plan care',
  COORDINATION: 'to coordinate care',
  HPAYMT: 'for payment',
  HOPERAT: 'to run the practice',
  HQUALIMP: 'to improve quality',
  HRESCH: 'for research',
  CLINTRCH: 'for a clinical trial',
  PUBHLTH: 'for public health',
  PATADMIN: 'to administer',
  PATRQT: 'because the patient asked for it',
  FAMRQT: 'because the family asked for it',
  PATSFTY: 'for the safety of patients',
  HSYSADMIN: 'to run the system',
  HMARKT: 'for marketing',
  HLEGAL: 'for legal reasons',
  HDIRECT: 'for a directory',
};

function whyOf([note]: Line, { exact }: Reader): string | undefined {
  const { purpose, reason, rule, outcome, happening } = note;
  const parts = [
    purpose !== undefined && (PURPOSES[purpose] ?? purpose),
    reason !== undefined && (exact || (outcome === 'done' && happening === 'administration')) && reason,
    exact && rule !== undefined && `by ${rule}`,
  ].filter((one) => one !== false && one !== undefined);
  return parts.length === 0 ? undefined : parts.join(' · ');
}
