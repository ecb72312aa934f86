/**
 * Whose record: a clinician searches those that they may see, a patient has their own, a parent those of their children.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#standalone-apps
 */
import { appView } from './app-view.ts';
import { recentPatients } from './grant.ts';
import { signedIn, type Step, type StepHandler, type StepOutcome } from './step.ts';
import type { PersonView } from './pages.ts';

export const patientStep: StepHandler = { show, take };

const SHOWN = 20;

async function show(step: Step): Promise<StepOutcome> {
  const { user, tenant } = step;
  if (!user) return { problem: { kind: 'session' } };
  const { patients, more } = await tenant.chart.patients(user, { count: SHOWN });
  const [only] = patients;
  if (!only) return { problem: { kind: 'no-record' } };
  // Who has one record of their own is not asked; a clinician is, even where there is but one patient yet.
  if (user.role !== 'practitioner' && patients.length === 1 && !more) return chosen(only.id);
  return { page: page(step, await withRecent(step, patients), more) };
}

async function take(step: Step, fields: URLSearchParams, part: string | undefined): Promise<StepOutcome> {
  const { user, tenant } = step;
  if (!user) return { problem: { kind: 'session' } };
  if (part === 'search') {
    const asked = (fields.get('name') ?? '').trim().slice(0, 100);
    const found = await tenant.chart.patients(user, { ...(asked !== '' && { text: asked }), count: SHOWN });
    return { page: page(step, found.patients, found.more, asked) };
  }
  const id = fields.get('patient') ?? '';
  const patient = await tenant.chart.patient(user, id);
  return patient ? chosen(id) : { problem: { kind: 'no-record' } };
}

const chosen = (patient: string): StepOutcome => ({ done: { select_patient: { patient } } });

/** Those whom the user opened an app for lately come first. */
async function withRecent(
  { tenant, user }: Step,
  patients: readonly PersonView[],
): Promise<readonly PersonView[]> {
  const ids = (await recentPatients(tenant.tokens, user!.id)).slice(0, 5);
  const recent = await Promise.all(ids.map((id) => tenant.chart.patient(user!, id)));
  const first = recent.flatMap((patient) => (patient ? [{ ...patient, recent: true }] : []));
  return [...first, ...patients.filter(({ id }) => !ids.includes(id))].slice(0, SHOWN);
}

function page(step: Step, patients: readonly PersonView[], more: boolean, asked?: string): string {
  const { tenant, form, search, client, user, other } = step;
  return tenant.pages.selectPatient({
    form,
    search,
    app: appView(tenant, client),
    user: signedIn(user!, other),
    ...(asked !== undefined && asked !== '' && { asked }),
    patients,
    more,
  });
}
