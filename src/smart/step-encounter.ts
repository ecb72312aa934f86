/** Which visit, where an app asks for one. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#standalone-apps */
import { appView } from './app-view.ts';
import { signedIn, type Step, type StepHandler, type StepOutcome } from './step.ts';

export const encounterStep: StepHandler = { show, take };

const SHOWN = 30;

async function show(step: Step): Promise<StepOutcome> {
  const { user, tenant, form, client } = step;
  const patientId = patientOf(step);
  if (!user || patientId === undefined) return { problem: { kind: 'session' } };
  const patient = await tenant.chart.patient(user, patientId);
  if (!patient) return { problem: { kind: 'no-record' } };
  const encounters = await tenant.chart.encounters(user, patientId, SHOWN);
  if (encounters.length === 0) return chosen(undefined);
  const view = { form, app: appView(tenant, client), user: signedIn(user, step.other) };
  return { page: tenant.pages.selectEncounter({ ...view, patient, optional: true, encounters }) };
}

async function take(step: Step, fields: URLSearchParams): Promise<StepOutcome> {
  const { user, tenant } = step;
  const patientId = patientOf(step);
  const id = fields.get('encounter') ?? '';
  if (!user || patientId === undefined) return { problem: { kind: 'session' } };
  if (id === '') return chosen(undefined);
  const encounter = await tenant.chart.encounter(user, patientId, id);
  return encounter ? chosen(id) : { problem: { kind: 'no-record' } };
}

/** The patient of the launch, or the one who was chosen a step ago. */
export const patientOf = ({ launch, results }: Step): string | undefined =>
  launch?.context.patient ?? results.select_patient?.patient;

const chosen = (encounter: string | undefined): StepOutcome => ({
  done: { select_encounter: encounter === undefined ? {} : { encounter } },
});
