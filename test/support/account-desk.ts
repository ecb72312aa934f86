// A desk of the account pages with made-up apps, looks and people, in the states in which the pages are looked at.

import { permissionsOf } from '../../src/smart/permissions.ts';
import type { AccountDesk, AccountView, ConnectedApp, LookedAfter } from '../../src/web/account/view.ts';
import type { Happened } from '../../src/web/timeline.ts';
import type { Door } from '../../src/smart/visitor.ts';
import { site } from './web.ts';

const NOW = site.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const GROWTH =
  'patient/Patient.rs patient/Observation.rs patient/Immunization.rs openid fhirUser offline_access';
const EVERYTHING = 'patient/*.cruds openid fhirUser profile launch/patient offline_access';

export const maya = { id: 'maya', name: 'Maya Chen', birthDate: '2019-03-03', sex: 'female' };
export const jonas = { id: 'jonas', name: 'Jonas Weber', birthDate: '1961-07-02', sex: 'male' };

export const growth: ConnectedApp = {
  id: 'grant-1',
  app: { clientId: 'growth', name: 'Growth Tracker', vouchedBy: 'registered by Embergate' },
  record: jonas,
  ...permissionsOf(GROWTH.split(' ')),
  since: NOW - 40 * DAY,
  online: false,
  lastUsed: NOW - 2 * HOUR,
};

const stranger: ConnectedApp = {
  id: 'grant-2',
  app: {
    clientId: 'x'.repeat(64),
    name: 'Wunderbar-Gesundheitsdatenaustauschplattform für Menschen <script>alert(1)</script>',
    vouchedBy: 'registered itself on 3 March 2026; no one here knows who made it',
    website: 'https://wunderbar.example.org/about',
  },
  record: jonas,
  by: 'Prof. Dr. Maximiliane Alexandra von Hohenstein-Wittgensteinbergerhausen III.',
  ...permissionsOf(EVERYTHING.split(' ')),
  since: NOW - 3 * HOUR,
  until: NOW + 90 * DAY,
  online: false,
};

const hourly: ConnectedApp = {
  ...growth,
  id: 'grant-3',
  app: { ...growth.app, clientId: 'my-record', name: 'My Record' },
  ...permissionsOf('patient/*.rs openid fhirUser online_access'.split(' ')),
  online: true,
};

export const happened: readonly Happened[] = [
  { at: NOW - HOUR, who: 'You', what: 'looked at your lab results with Growth Tracker', outcome: 'done' },
  {
    at: NOW - 2 * HOUR,
    who: 'Dr. Alma Reyes',
    what: 'looked at your medicines',
    why: 'Treatment',
    outcome: 'done',
  },
  {
    at: NOW - 26 * HOUR,
    who: 'Insurance Hub',
    what: 'asked for your bills and insurance',
    why: 'Nobody agreed to it',
    outcome: 'refused',
  },
  {
    at: NOW - 30 * DAY,
    who: 'Dr. Alma Reyes',
    what: 'wrote a prescription',
    why: 'Treatment',
    outcome: 'done',
  },
];

const own: LookedAfter = {
  patient: jonas,
  isOwn: true,
  proxies: [
    { id: 'rel-1', name: 'Ada Weber', relation: 'wife', since: '2024-03-01', isVisitor: false, mayEnd: true },
  ],
  looked: { entries: happened, next: 'cursor-1' },
};

const child: LookedAfter = {
  patient: maya,
  isOwn: false,
  proxies: [{ id: 'lin', name: 'Lin Chen', relation: 'mother', isVisitor: true, mayEnd: false }],
  looked: { entries: happened.slice(1, 3) },
};

const sibling: LookedAfter = {
  ...child,
  patient: { id: 'leo', name: 'Leo Chen', birthDate: '2022-09', sex: 'male' },
  looked: { entries: [] },
};

export const views: Readonly<Record<string, AccountView>> = {
  usual: { apps: [growth, hourly], records: [own], done: undefined },
  empty: {
    apps: [],
    records: [{ ...own, proxies: [], looked: { entries: [] } }],
    done: undefined,
  },
  untold: { apps: [growth], records: [{ ...own, looked: undefined }], done: undefined },
  full: {
    apps: [stranger, ...Array.from({ length: 8 }, (_, at) => ({ ...growth, id: `grant-x${at}` }))],
    records: [
      {
        ...own,
        proxies: Array.from({ length: 5 }, (_, at) => ({
          ...own.proxies[0]!,
          id: `rel-${at}`,
          name: `${at % 2 ? 'Ada' : 'Maximiliane Alexandra'} von Hohenstein-Wittgensteinbergerhausen`,
        })),
        looked: {
          entries: Array.from({ length: 12 }, (_, at) => ({
            ...happened[at % 4]!,
            at: NOW - at * 11 * HOUR,
          })),
          next: 'cursor-1',
        },
      },
    ],
    done: undefined,
  },
  parent: { apps: [{ ...growth, record: maya }], records: [child], done: undefined },
  parents: { apps: [], records: [child, sibling], done: undefined },
  clinician: { apps: [{ ...growth, record: undefined }], records: [], done: { entries: happened.slice(1) } },
};

const entries = [
  { resourceType: 'Patient', id: 'jonas', name: [{ given: ['Jonas'], family: 'Weber' }] },
  {
    resourceType: 'Observation',
    id: 'o1',
    status: 'final',
    code: { text: 'Haemoglobin A1c' },
    effectiveDateTime: '2026-10-01',
    valueQuantity: { value: 6.8, unit: '%' },
  },
  {
    resourceType: 'Observation',
    id: 'o2',
    status: 'final',
    code: { text: 'Blood pressure' },
    effectiveDateTime: '2026-10-01',
    component: [
      { code: { text: 'Systolic' }, valueQuantity: { value: 132, unit: 'mm[Hg]' } },
      { code: { text: 'Diastolic' }, valueQuantity: { value: 84, unit: 'mm[Hg]' } },
    ],
  },
  {
    resourceType: 'Condition',
    id: 'c1',
    code: { text: 'Type 2 diabetes mellitus' },
    clinicalStatus: { coding: [{ code: 'active' }] },
    onsetDateTime: '2014-05',
  },
  { resourceType: 'Encounter', id: 'e1', status: 'finished', class: { display: 'ambulatory' } },
];

/** `asked` tells what the pages asked to be done. */
export function accountDesk(
  view: AccountView,
  door: Door,
  parts: Partial<AccountDesk> = {},
): AccountDesk & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const find = (id: string): ConnectedApp | undefined => view.apps.find((one) => one.id === id);
  return {
    asked,
    door: async () => door,
    signOut: '/oidc/sign-out',
    overview: async () => view,
    app: async (_visitor, id) => find(id),
    narrow: async (_visitor, id, ticked) => {
      asked.push(['narrow', id, ticked]);
      return ticked.length === 0 ? 'nothing' : find(id) ? 'done' : 'gone';
    },
    stop: async (_visitor, id) => {
      asked.push(['stop', id]);
      return find(id) !== undefined;
    },
    looked: async (_visitor, patient, after) => {
      const record = view.records.find((one) => one.patient.id === patient);
      const timeline =
        after === undefined ? { entries: happened, next: 'cursor-1' } : { entries: happened.slice(2) };
      return record && { ...record, looked: timeline };
    },
    done: async () => view.done ?? { entries: [] },
    endProxy: async (_visitor, id, reason) => {
      asked.push(['end', id, reason]);
      return true;
    },
    copy: async (_visitor, patient) => {
      const record = view.records.find((one) => one.patient.id === patient);
      return record && { patient: record.patient, resources: copied() };
    },
    ...parts,
  };
}

async function* copied() {
  for (const one of entries) {
    const url = `http://localhost:8080/fhir/${one.resourceType}/${one.id}`;
    yield { type: one.resourceType, url, bytes: Buffer.from(JSON.stringify(one)) };
  }
}
