// A desk of the console with made-up people, apps, rules and a trail. `asked` tells what the pages asked to be done.

import { ACR } from '../../src/smart/acr.ts';
import { permissionsOf } from '../../src/smart/permissions.ts';
import type { Door } from '../../src/smart/visitor.ts';
import type * as view from '../../src/web/console/view.ts';
import { happened } from './account-desk.ts';
import { site } from './web.ts';

const NOW = site.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LONG = 'Maximiliane Alexandra von Hohenstein-Wittgensteinbergerhausen';

const alma: view.UserRow = {
  id: 'a1',
  username: 'alma',
  name: 'Dr. Alma Reyes',
  role: 'practitioner',
  fhirUser: 'Practitioner/alma',
  disabled: false,
};
export const userRows: readonly view.UserRow[] = [
  alma,
  { id: 'a4', username: 'admin', name: 'Operator', role: 'operator', disabled: false },
  {
    id: 'a2',
    username: 'jonas',
    name: 'Jonas Weber',
    role: 'patient',
    fhirUser: 'Patient/jonas',
    disabled: true,
  },
];

const given: view.GivenRow = {
  id: 'grant-1',
  clientId: 'growth',
  app: 'Growth Tracker',
  username: 'alma',
  patient: 'Patient/maya',
  ...permissionsOf(['patient/Observation.rs', 'patient/Patient.rs']),
  scope: 'patient/Observation.rs patient/Patient.rs',
  since: NOW - 5 * DAY,
  until: NOW + 90 * DAY,
};

const growth: view.ClientView = {
  clientId: 'growth',
  app: { clientId: 'growth', name: 'Growth Tracker', vouchedBy: 'registered by Embergate' },
  kind: 'with a secret',
  disabled: false,
  redirectUris: ['https://growth.example.org/callback'],
  scope: 'launch/patient patient/Observation.rs patient/Patient.rs openid fhirUser offline_access',
  hasSecret: true,
  oldSecretUntil: NOW + 3 * HOUR,
  given: [given],
  moreGiven: false,
  ownTokens: 2,
};

const stranger: view.ClientView = {
  ...growth,
  clientId: 'x'.repeat(64),
  app: {
    clientId: 'x'.repeat(64),
    name: 'Wunderbar-Gesundheitsdatenaustauschplattform für Menschen <script>alert(1)</script>',
    vouchedBy: 'registered itself on 3 March 2026; no one here knows who made it',
  },
  disabled: true,
  given: Array.from({ length: 12 }, (_, at) => ({
    ...given,
    id: `grant-${at}`,
    username: `someone-with-a-long-user-name-${at}`,
  })),
  moreGiven: true,
};

const builtIn: view.PolicyRow = {
  id: 'practitioner',
  title: 'Clinicians work with every record',
  forWhom: 'every clinician',
  says: ['create, read, update, delete, search resources of every type'],
  builtIn: true,
  active: false,
  faults: [],
};
const own: view.PolicyView = {
  id: 'own-patients',
  title: 'Own patients',
  forWhom: 'every clinician',
  says: [
    'own patients: read, search resources of every type, in the records of patients where general-practitioner={me}',
  ],
  builtIn: false,
  active: true,
  faults: [],
  text: '{\n  "resourceType": "Basic"\n}\n',
};
const broken: view.PolicyView = {
  ...own,
  id: 'broken',
  title: 'Night shift',
  faults: ['rule 1: "Patient.nickname" is not an element that a policy can name'],
};

export const findings: readonly view.Finding[] = [
  {
    kind: 'many-records',
    who: 'Dr. Alma Reyes',
    says: 'opened the records of 63 patients within 10 minutes',
    from: NOW - HOUR,
    to: NOW - HOUR + 540_000,
    search: { person: 'alma', from: '2026-11-24T08:00', to: '2026-11-24T08:10' },
  },
  {
    kind: 'refusals',
    who: 'The app Insurance Hub',
    says: 'was refused 41 times within 10 minutes',
    from: NOW - 3 * HOUR,
    to: NOW - 3 * HOUR + 540_000,
    search: { app: 'insurance', outcome: 'refused' },
  },
];

const event = JSON.stringify(
  { resourceType: 'AuditEvent', id: 'a-1-0', action: 'R', outcome: '0' },
  undefined,
  2,
);
const rows: readonly view.TrailRow[] = happened.map((one) => ({ ...one, event }));

export type Stock = 'empty' | 'usual' | 'full' | 'untold';

export function consoleDesk(
  stock: Stock,
  door: Door,
  parts: Partial<view.ConsoleDesk> = {},
): view.ConsoleDesk & { readonly asked: (readonly [view.Deed, string])[] } {
  const asked: [view.Deed, string][] = [];
  const isEmpty = stock === 'empty';
  const isFull = stock === 'full';
  const users = isEmpty
    ? []
    : isFull
      ? Array.from({ length: 30 }, (_, at) => ({
          ...alma,
          id: `a${at}`,
          username: `user-${at}`,
          name: `${LONG} ${at}`,
        }))
      : userRows;
  const clients = isEmpty ? [] : isFull ? [stranger, ...Array.from({ length: 12 }, () => growth)] : [growth];
  const unusual: view.Unusual = {
    findings: isEmpty
      ? []
      : isFull
        ? Array.from({ length: 14 }, (_, at) => ({ ...findings[at % 2]!, who: `${LONG} ${at}` }))
        : findings,
    since: NOW - 14 * DAY,
    isCut: isFull,
  };
  const sessions = [
    {
      id: 's1',
      accountId: 'a1',
      device: 'Firefox on Windows',
      address: '203.0.113.5',
      since: NOW - DAY,
      usedAt: NOW - HOUR,
    },
  ];
  return {
    asked,
    acr: ACR.pwd,
    door: async () => door,
    home: async () => ({
      isReady: !isEmpty,
      users: users.length,
      clients: clients.length,
      unusual: stock === 'untold' ? undefined : unusual,
    }),
    users: async (search) => ({
      users: users.filter(({ username }) => username.startsWith(search)),
      ...(isFull && { next: 'user-29' }),
    }),
    user: async (username) => {
      const found = users.find((one) => one.username === username);
      return (
        found && { ...found, sessions: isEmpty ? [] : sessions, given: isFull ? stranger.given : [given] }
      );
    },
    clients: async () => ({ clients, ...(isFull && { next: 'z' }) }),
    client: async (id) => clients.find((one) => one.clientId === id),
    policies: async () =>
      isEmpty ? [{ ...builtIn, active: true }] : isFull ? [broken, own, builtIn] : [own, builtIn],
    policy: async (id) => [own, broken].find((one) => one.id === id),
    checkPolicy: async (text) =>
      text.startsWith('{') ? [] : ['The text is not JSON: Unexpected token at 1'],
    explain: async (who) =>
      who === 'alma'
        ? {
            allowed: true,
            decision: 'It is allowed for a part of it',
            rules: [
              { rule: 'own patients: read resources of every type', says: 'allows', source: 'on trial' },
            ],
          }
        : undefined,
    trail: async (_visitor, query) =>
      query.person === 'nobody'
        ? { rows: [], fault: 'There is no account with the user name nobody.' }
        : {
            rows: isEmpty
              ? []
              : isFull
                ? Array.from({ length: 30 }, (_, at) => ({ ...rows[at % 4]!, who: `${LONG} ${at}` }))
                : rows,
            ...(isFull && { next: 'cursor' }),
          },
    unusual: async () => (stock === 'untold' ? undefined : unusual),
    act: async (_visitor, deed, reason) => {
      asked.push([deed, reason]);
      const isSecret =
        deed.kind === 'user-reset' || deed.kind === 'user-add' || deed.kind === 'client-rotate';
      return { done: deed.kind, ...(isSecret && { secret: 'q9Zr-7Tam-Lx2e-secret' }) };
    },
    ...parts,
  };
}
