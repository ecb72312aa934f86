/** A patient of whom a policy hides something, a client under that policy, and the means to tell that it did not come out. */
import { expect } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import { policyResource } from '../../support/policy.ts';
import { observation, type World } from './world.ts';

export const CLIENT = 'masked-app';
export const PHONE = '+41-555-0199-7';
export const FRIEND = 'Hildegardine';
const VALUE = 7331;
const HIDDEN = ['Patient.telecom', 'Patient.contact.name', 'Observation.value'];

export const patient = (id: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Patient',
  id,
  text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">Call ${PHONE}</div>` },
  active: true,
  name: [{ family: 'Maskelyne' }],
  telecom: [{ system: 'phone', value: PHONE }],
  gender: 'female',
  contact: [{ name: { family: FRIEND }, gender: 'female' }],
  ...more,
});

/** What the caller is shown of `patient`, as it would send it back. */
export const seen = (id: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Patient',
  id,
  active: true,
  name: [{ family: 'Maskelyne' }],
  gender: 'female',
  contact: [{ gender: 'female' }],
  ...more,
});

const measured = (id: string, of: string): JsonObject =>
  observation(id, of, { valueQuantity: { value: VALUE, unit: 'mg' } });

export interface Masked {
  readonly id: string;
  /** a patient who has nothing of what is hidden */
  readonly other: string;
  readonly lab: string;
  readonly api: Api;
}

export const expectHidden = (reply: Reply): void => {
  expect(reply.text).not.toContain(PHONE);
  expect(reply.text).not.toContain(FRIEND);
  expect(reply.text).not.toContain(String(VALUE));
};

/** A resource as it is kept. */
export async function stored(world: World, of: string, type = 'Patient'): Promise<JsonObject> {
  const [found] = await world.store.resources.read([{ type, id: of }]);
  return JSON.parse(Buffer.from(found!.body!).toString('utf8')) as JsonObject;
}

export async function fresh(world: World, more: JsonObject = {}): Promise<string> {
  const made = freshId('masked');
  await world.put(patient(made, more));
  return made;
}

export async function startMasked(world: World): Promise<Masked> {
  const [id, other, lab] = [freshId('masked'), freshId('bare'), freshId('lab')];
  const { telecom: _telecom, text: _text, contact: _contact, ...bare } = patient(other);
  await world.put(patient(id), bare, measured(lab, id));
  const rules = [{ types: ['*'], hidden: HIDDEN }];
  await world.put(policyResource(freshId('policy'), { roles: ['practitioner'], clients: [CLIENT], rules }));
  const api = await world.app('user/*.cruds', {
    clientId: CLIENT,
    extra: { fhirUser: `Practitioner/${world.clinician}` },
  });
  return { id, other, lab, api };
}
