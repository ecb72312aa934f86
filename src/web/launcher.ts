/**
 * A launch as it is set up in the gallery: its state in the address, what is missing filled in, and the address that opens the app.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import type { PersonView, SelectEncounterView } from '../smart/pages.ts';
import type { Launching, LaunchUser } from './launching.ts';
import type { LaunchMode, SampleApp } from './sample-apps.ts';

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
  readonly app: SampleApp;
  readonly mode: LaunchMode;
  readonly user: LaunchUser;
  readonly patient?: string;
  readonly encounter?: string;
  readonly error?: Simulated;
}

export interface LaunchChoices {
  readonly setup: LaunchSetup;
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
export const launchable = (apps: readonly SampleApp[]): readonly SampleApp[] =>
  apps.filter((app) => app.launchPath !== undefined && app.modes.some((mode) => mode !== 'backend'));

/** Fills in what the address leaves open; a value that does not fit gives way. undefined where nothing can be launched. */
export async function choicesOf(
  apps: readonly SampleApp[],
  launching: Launching,
  query: LaunchQuery,
): Promise<LaunchChoices | undefined> {
  const all = launchable(apps);
  const app = all.find(({ clientId }) => clientId === query.app) ?? all[0];
  const users = (await launching.users()).filter(({ fhirUser }) => fhirUser !== undefined);
  if (!app || users.length === 0) return undefined;
  const mode = app.modes.find((one) => one === query.mode) ?? app.modes[0]!;
  const user = users.find(({ username }) => username === query.user) ?? usualUser(users, mode);
  const patients = await launching.patients(user);
  const patient = (
    patients.find(({ id }) => id === query.patient) ?? usualPatient(patients, user, await launching.child())
  )?.id;
  const encounters = patient === undefined ? [] : await launching.encounters(user, patient);
  const encounter = encounters.find(({ id }) => id === query.encounter)?.id;
  const error =
    query.error !== undefined && Object.hasOwn(SIMULATED, query.error)
      ? (query.error as Simulated)
      : undefined;
  return { setup: { app, mode, user, patient, encounter, error }, users, patients, encounters };
}

function usualUser(users: readonly LaunchUser[], mode: LaunchMode): LaunchUser {
  const role = mode === 'patient' ? 'patient' : 'practitioner';
  return users.find((user) => user.role === role) ?? users[0]!;
}

function usualPatient(
  patients: readonly PersonView[],
  { fhirUser }: LaunchUser,
  child: string | undefined,
): PersonView | undefined {
  return (
    patients.find(({ id }) => fhirUser === `Patient/${id}`) ??
    patients.find(({ id }) => id === child) ??
    patients[0]
  );
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
  const parameters = new URLSearchParams({ iss: error === 'iss' ? `${origin}/not-fhir` : launching.base });
  if (mode !== 'standalone') parameters.set('launch', await handleOf(launching, setup, now, framed));
  return `${origin}${app.launchPath!}?${parameters.toString()}`;
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
    signIn: true,
    skipConsent: true,
  } as const;
  const handle = await launching.create(launch, error === 'expired' ? now - OLD_MS : now);
  if (error === 'used') await launching.spend(handle, app.clientId, now);
  return handle;
}
