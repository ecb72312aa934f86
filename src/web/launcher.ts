/**
 * A launch as it is set up in the gallery: its state in the address, what is missing filled in, and the address that opens the app.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import type { PersonView, SelectEncounterView } from '../smart/pages.ts';
import type { Launching, LaunchUser } from './launching.ts';
import type { LaunchApp, LaunchMode } from './sample-apps.ts';

/** Faults that the server itself finds in a launch; each is brought about, none is acted. */
export const SIMULATED = {
  used: 'The launch was used before',
  expired: 'The launch is older than five minutes',
  unknown: 'The launch is not one of this server',
  client: 'The launch was made for another app',
  iss: 'The app is sent to an address that is no FHIR server',
} as const;
export type Simulated = keyof typeof SIMULATED;

export const MODES: Readonly<
  Record<LaunchMode, { readonly name: string; readonly button: string; readonly tells: string }>
> = {
  ehr: { name: 'From a chart (EHR launch)', button: 'Launch', tells: 'opens with the chart' },
  patient: { name: 'From a patient portal', button: 'Launch', tells: 'opens with one’s own record' },
  standalone: {
    name: 'By itself (standalone)',
    button: 'Launch standalone',
    tells: 'asks you to sign in, to choose a patient and to consent',
  },
  backend: { name: 'Without a person (backend)', button: '', tells: '' },
};

/** As it stands in the address; anything may be in it. */
export interface LaunchQuery {
  readonly app?: string;
  readonly mode?: string;
  readonly user?: string;
  readonly patient?: string;
  readonly encounter?: string;
  readonly error?: string;
}

/** A launch with everything chosen. */
export interface LaunchSetup {
  readonly app: LaunchApp;
  readonly mode: LaunchMode;
  readonly user: LaunchUser;
  readonly patient?: string;
  readonly encounter?: string;
  readonly error?: Simulated;
}

export interface LaunchChoices {
  readonly setup: LaunchSetup;
  readonly apps: readonly LaunchApp[];
  readonly users: readonly LaunchUser[];
  readonly patients: readonly PersonView[];
  readonly encounters: SelectEncounterView['encounters'];
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= 200 ? value : undefined;

/** Of a query or a form whose fields may be missing or repeated. */
export function launchQuery(fields: Readonly<Record<string, unknown>>): LaunchQuery {
  const { app, mode, user, patient, encounter, error } = fields;
  return {
    app: text(app),
    mode: text(mode),
    user: text(user),
    patient: text(patient),
    encounter: text(encounter),
    error: text(error),
  };
}

/** Apps that a person can launch. */
export const launchable = <App extends LaunchApp>(apps: readonly App[]): readonly App[] =>
  apps.filter((app) => app.launchUrl !== undefined && app.modes.some((mode) => mode !== 'backend'));

/** Fills in what the address leaves open; a value that does not fit gives way. undefined where nothing can be launched. */
export async function choicesOf(
  ours: readonly LaunchApp[],
  launching: Launching,
  query: LaunchQuery,
): Promise<LaunchChoices | undefined> {
  const users = (await launching.users()).filter(({ fhirUser }) => fhirUser !== undefined);
  const apps = users.length === 0 ? [] : await appsFor(ours, launching, query.app);
  const app = apps.find(({ clientId }) => clientId === query.app) ?? apps[0];
  if (!app) return undefined;
  const mode = app.modes.find((one) => one === query.mode) ?? app.modes[0]!;
  const user = users.find(({ username }) => username === query.user) ?? usualUser(users, mode);
  const { patients, patient } = await patientsFor(launching, user, query.patient);
  const encounters = patient === undefined ? [] : await launching.encounters(user, patient);
  const encounter = encounters.find(({ id }) => id === query.encounter)?.id;
  const error =
    query.error !== undefined && Object.hasOwn(SIMULATED, query.error)
      ? (query.error as Simulated)
      : undefined;
  return { setup: { app, mode, user, patient, encounter, error }, apps, users, patients, encounters };
}

/** Those to choose among, and the one that was asked for though it is not among the first. */
async function appsFor(
  ours: readonly LaunchApp[],
  launching: Launching,
  asked: string | undefined,
): Promise<readonly LaunchApp[]> {
  const listed = launchable([...ours, ...(await launching.apps())]);
  if (asked === undefined || listed.some(({ clientId }) => clientId === asked)) return listed;
  const found = await launching.app(asked);
  return found ? [...listed, found] : listed;
}

function usualUser(users: readonly LaunchUser[], mode: LaunchMode): LaunchUser {
  const role = mode === 'patient' ? 'patient' : 'practitioner';
  return users.find((user) => user.role === role) ?? users[0]!;
}

/** Whom the user may choose, and who is chosen: the one who was asked for, else the user, else the child of the demo, else the first. */
async function patientsFor(
  launching: Launching,
  user: LaunchUser,
  asked: string | undefined,
): Promise<{ readonly patients: readonly PersonView[]; readonly patient?: string }> {
  const listed = await launching.patients(user);
  const own = listed.find(({ id }) => user.fhirUser === `Patient/${id}`)?.id;
  for (const wanted of [asked, own, await launching.child()]) {
    if (wanted === undefined) continue;
    if (listed.some(({ id }) => id === wanted)) return { patients: listed, patient: wanted };
    const found = await launching.patient(user, wanted);
    if (found) return { patients: [found, ...listed], patient: wanted };
  }
  return { patients: listed, patient: listed[0]?.id };
}

/** The same set-up as an address, to be shared. */
export function addressOf(
  { app, mode, user, patient, encounter, error }: LaunchSetup,
  path = '/apps',
): string {
  const parts = { app: app.clientId, mode, user: user.username, patient, encounter, error };
  const given = Object.entries(parts).filter((part): part is [string, string] => part[1] !== undefined);
  return `${path}?${new URLSearchParams(given).toString()}`;
}

const OLD_MS = 6 * 60_000;

/** Where the browser goes to open the app. `framed`: the chart around the app shows who the patient is. */
export async function openApp(
  launching: Launching,
  setup: LaunchSetup,
  { origin, now, framed }: { readonly origin: string; readonly now: number; readonly framed: boolean },
): Promise<string> {
  const { app, mode, error } = setup;
  const address = new URL(app.launchUrl!, origin);
  address.searchParams.set('iss', error === 'iss' ? `${origin}/not-fhir` : launching.base);
  if (mode !== 'standalone') {
    address.searchParams.set('launch', await handleOf(launching, setup, now, framed));
  }
  return address.href;
}

async function handleOf(
  launching: Launching,
  setup: LaunchSetup,
  now: number,
  framed: boolean,
): Promise<string> {
  const { app, user, patient, encounter, error } = setup;
  if (error === 'unknown') return 'not-a-launch-of-this-server';
  const launch = {
    clientId: error === 'client' ? `not-${app.clientId}` : app.clientId,
    accountId: user.id,
    context: { ...(patient && { patient }), ...(encounter && { encounter }), need_patient_banner: !framed },
    ...(app.isOurs && ({ signIn: true, skipConsent: true } as const)),
  };
  const handle = await launching.create(launch, error === 'expired' ? now - OLD_MS : now);
  if (error === 'used') await launching.spend(handle, app.clientId, now);
  return handle;
}
