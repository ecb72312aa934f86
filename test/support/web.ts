// The pages' frame with a made-up house behind it: a clinician, a patient, a parent, some records, and launch handles kept in memory.

import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { PersonView } from '../../src/smart/pages.ts';
import type { AppOptions } from '../../src/web/app.ts';
import { ownAssets } from '../../src/web/assets.ts';
import type { Site } from '../../src/web/frame.ts';
import type { ChartBanner, Launching, LaunchUser, NewLaunch } from '../../src/web/launching.ts';

export const site: Site = {
  name: 'Embergate',
  version: '0.1.0',
  publicUrl: 'http://localhost:8080',
  assets: ownAssets(),
  now: () => Date.UTC(2026, 10, 24, 9),
};

const statement: CapabilityStatement = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-11-24',
  kind: 'instance',
  fhirVersion: '4.0.1',
  format: ['application/fhir+json', 'json', 'xml'],
  patchFormat: ['application/json-patch+json'],
  software: { name: 'Embergate', version: '0.1.0' },
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'transaction' }, { code: 'batch' }],
      resource: [
        {
          type: 'Patient',
          interaction: [{ code: 'read' }, { code: 'search-type' }],
          searchParam: [{ name: 'name', type: 'string' }],
        },
      ],
    },
  ],
};

export const users: readonly LaunchUser[] = [
  {
    id: 'a1',
    username: 'clinician',
    name: 'Dr. Alma Reyes',
    role: 'practitioner',
    fhirUser: 'Practitioner/alma',
  },
  { id: 'a2', username: 'patient', name: 'Jonas Weber', role: 'patient', fhirUser: 'Patient/jonas' },
  { id: 'a3', username: 'parent', name: 'Lin Chen', role: 'related', fhirUser: 'RelatedPerson/lin' },
  { id: 'a4', username: 'admin', name: 'Operator', role: 'operator' },
];

export const patients: readonly PersonView[] = [
  { id: 'jonas', name: 'Jonas Weber', birthDate: '1961-07-02', sex: 'male' },
  { id: 'maya', name: 'Maya Chen', birthDate: '2019-03-03', sex: 'female' },
];

const banner = (patient: PersonView): ChartBanner => ({
  patient,
  allergies: patient.id === 'maya' ? ['Peanut', 'Penicillin'] : [],
  problems:
    patient.id === 'maya' ? ['Asthma, mild and intermittent', 'Eczema'] : ['Type 2 diabetes mellitus'],
});

/** `made` and `spent` tell what was launched. */
export interface HouseOfCards extends Launching {
  readonly made: { readonly launch: NewLaunch; readonly now: number; readonly handle: string }[];
  readonly spent: string[];
}

export function launching(parts: Partial<Launching> = {}): HouseOfCards {
  const made: HouseOfCards['made'] = [];
  const spent: string[] = [];
  const seenBy = ({ role }: LaunchUser): readonly PersonView[] =>
    patients.filter(
      ({ id }) => role === 'practitioner' || (role === 'patient' ? id === 'jonas' : id === 'maya'),
    );
  return {
    base: 'http://localhost:8080/fhir',
    hasDemo: async () => true,
    child: async () => 'maya',
    users: async () => users,
    apps: async () => [],
    app: async () => undefined,
    patients: async (user) => seenBy(user),
    patient: async (user, id) => seenBy(user).find((one) => one.id === id),
    encounters: async (_user, patient) => [
      {
        id: `${patient}-1`,
        label: 'Well child visit',
        start: '2026-03-04T14:05:00-05:00',
        status: 'finished',
      },
    ],
    banner: async (user, id) =>
      seenBy(user)
        .filter((one) => one.id === id)
        .map(banner)[0],
    create: async (launch, now) => {
      made.push({ launch, now, handle: `handle-${made.length}` });
      return made.at(-1)!.handle;
    },
    spend: async (handle) => void spent.push(handle),
    made,
    spent,
    ...parts,
  };
}

export function webOptions(parts: Partial<AppOptions> = {}): AppOptions {
  return {
    ready: async () => undefined,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'requests 1\n' }),
    site,
    statement: async () => statement,
    launching: launching(),
    ...parts,
  };
}
