// Views of the launch pages in each of their states: empty, usual, full, in error.

import type { ConsentView, PersonView, ProblemView, SignInView } from '../../../src/smart/pages.ts';
import type { SelectEncounterView, SelectPatientView } from '../../../src/smart/pages.ts';

const form = { action: '/post', csrf: 'c5rf-t0ken' };
const search = { action: '/search', csrf: 'c5rf-t0ken' };
const user = { name: 'Dr. Alma Reyes', who: 'clinician', other: { action: '/other', csrf: 'c5rf-t0ken' } };
const app = {
  clientId: 'growth',
  name: 'Growth Tracker',
  vouchedBy: 'registered by this hospital',
  website: 'https://growth.example.org/about',
};
const stranger = {
  clientId: 'x'.repeat(64),
  name: 'Wunderbar-Gesundheitsdatenaustauschplattform für Menschen <script>alert(1)</script>',
  vouchedBy: 'registered itself on 3 March 2026; no one here knows who made it',
  website: 'javascript:alert(1)',
};
const maya: PersonView = {
  id: 'maya',
  name: 'Maya Chen',
  birthDate: '2019-03-03',
  sex: 'female',
  recent: true,
};
const long: PersonView = {
  id: 'long',
  name: 'Prof. Dr. Maximiliane Alexandra von Hohenstein-Wittgensteinbergerhausen III.',
  birthDate: '1931',
  sex: 'other',
};

export const signIn: Readonly<Record<string, SignInView>> = {
  usual: { form, app, site: 'Embergate' },
  plain: { form, site: 'Embergate' },
  error: {
    form,
    app: stranger,
    site: 'Embergate',
    username: 'clinician',
    error: 'Username or password is not right.',
  },
  full: {
    form,
    app,
    site: 'Embergate',
    demoAccounts: [
      { username: 'clinician', who: 'Dr. Alma Reyes, paediatrician' },
      { username: 'patient', who: 'Jonas Weber, a patient' },
      { username: 'parent', who: 'Lin Chen, mother of Maya' },
      { username: 'admin', who: 'operator; sees no records' },
    ],
  },
  locked: {
    form,
    site: 'Embergate',
    username: 'patient',
    error:
      'Too many attempts. Wait 40 seconds, then try again; from a place where you signed in before you can sign in now.',
  },
};

const names = [
  'Ada Okafor',
  'Benito Cruz',
  'Chloe Dubois',
  'Dmitri Ivanov',
  'Emil Sørensen',
  'Fatima al-Sayed',
];
const many = names.map((name, at): PersonView => ({
  id: `p${at}`,
  name,
  birthDate: `19${50 + at * 7}-0${at + 1}-1${at}`,
  sex: at % 2 ? 'male' : 'female',
}));

export const selectPatient: Readonly<Record<string, SelectPatientView>> = {
  empty: { form, search, app, user, patients: [], more: false },
  nothing: { form, search, app, user, asked: 'Zzyzx', patients: [], more: false },
  usual: { form, search, app, user, patients: [maya, ...many], more: false },
  full: {
    form,
    search,
    app: stranger,
    user,
    asked: 'a',
    patients: [long, maya, ...many, ...many.map((one) => ({ ...one, id: `${one.id}-2` }))],
    more: true,
  },
};

export const selectEncounter: Readonly<Record<string, SelectEncounterView>> = {
  empty: { form, app, user, patient: maya, optional: true, encounters: [] },
  usual: {
    form,
    app,
    user,
    patient: maya,
    optional: true,
    encounters: [
      {
        id: 'e1',
        label: 'Well child visit',
        start: '2026-03-04T14:05:00-05:00',
        status: 'in-progress',
        place: 'Ember Children’s Clinic',
      },
      {
        id: 'e2',
        label: 'Emergency visit: fall from a tree',
        start: '2025-08-12T09:30:00Z',
        status: 'finished',
      },
      { id: 'e3', label: 'Visit', status: 'planned' },
    ],
  },
};

const letters = ['Everything here', 'Conditions'];
const consentUsual: ConsentView = {
  form,
  app,
  user,
  patient: maya,
  permissions: [
    {
      group: 'About the person',
      items: [
        {
          value: 'patient/Patient.rs',
          title: 'Name, birth date, sex and contact details',
          can: 'see',
          scope: 'patient/Patient.rs',
          ticked: true,
        },
      ],
    },
    {
      group: 'Results and measurements',
      items: [
        {
          value: 'patient/Observation.rs',
          title: 'Measurements, lab results and observations',
          can: 'see',
          scope: 'patient/Observation.rs',
          ticked: true,
          children: ['Lab results', 'Vital signs', 'Social history', 'Surveys'].map((title, at) => ({
            value: `patient/Observation.rs?category=${at}`,
            title,
            can: 'see',
            scope: `patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory-${at}`,
            ticked: false,
          })),
        },
      ],
    },
  ],
  cannot: [
    'change, add or delete anything',
    'see notes and documents',
    'see bills or insurance',
    'see the record of anyone else',
  ],
  duration: {
    kind: 'offline',
    choices: [
      { value: 'once', label: 'Only this time: for an hour', chosen: false },
      { value: '90d', label: 'For 90 days', chosen: true },
      { value: 'always', label: 'Until I stop it', chosen: false },
    ],
  },
};

export const consent: Readonly<Record<string, ConsentView>> = {
  empty: {
    form,
    app,
    user: { name: 'Jonas Weber', who: 'patient' },
    permissions: [],
    cannot: ['see any record'],
  },
  usual: consentUsual,
  full: {
    ...consentUsual,
    app: stranger,
    patient: long,
    permissions: [
      {
        group: 'Everything',
        items: [
          {
            value: 'patient/*.cruds',
            title: 'The whole record',
            can: 'see, add, change and delete',
            scope: 'patient/*.cruds',
            ticked: true,
            wildcard: true,
            children: letters.map((title) => ({
              value: title,
              title,
              can: 'see',
              scope: 'patient/Condition.rs',
              ticked: title === 'Conditions',
            })),
          },
        ],
      },
      ...consentUsual.permissions,
    ],
    cannot: [],
  },
  error: {
    ...consentUsual,
    patient: undefined,
    duration: undefined,
    error: 'Tick at least one permission, or press Deny.',
  },
};

export const problem: Readonly<Record<string, ProblemView>> = {
  plain: {
    status: 400,
    title: 'This launch has been used already',
    sentence: 'Go back to the chart and open the app from there once more.',
    whoCanFix: 'you',
    requestId: '0198f3c2-7d1e-7a4b-9d2e-3f5a6b7c8d9e',
  },
  redirect: {
    status: 400,
    title: 'The app cannot be opened',
    sentence:
      'Growth Tracker asked to be answered at an address that it has not registered, so nothing was sent there.',
    whoCanFix: 'the developer of the app',
    requestId: '0198f3c2-7d1e-7a4b-9d2e-3f5a6b7c8d9e',
    detail: {
      sent: 'https://growth.example.org/App/index.html/',
      nearest: ['https://growth.example.org/app/index.html', 'http://localhost:3000/'],
      fix: 'Send exactly a registered redirect_uri, or register this one.',
      rule: {
        text: 'SMART App Launch 2.2, obtain authorization code',
        url: 'https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code',
      },
    },
  },
  aud: {
    status: 400,
    title: 'The app asked another server',
    sentence: 'The app named a FHIR server that is not this one.',
    whoCanFix: 'the developer of the app',
    requestId: '0198f3c2',
    detail: {
      sent: 'http://localhost:8080/fhir/metadata',
      expected: 'http://localhost:8080/fhir',
      fix: 'Send the FHIR base URL as aud.',
      rule: { text: 'aud', url: 'https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html' },
    },
  },
};
