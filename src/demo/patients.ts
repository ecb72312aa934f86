/** The Patient, and a child's parent as RelatedPerson. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-patient.html */
import type { Address, Extension, HumanName, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { ageAt, at, dateText, spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { EXTENSIONS, NAMESPACES, SYSTEMS, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { coding, concept, conceptSaid, email, narrative, phone } from './datatypes.ts';
import type { Background } from './life.ts';
import { nameOf } from './people.ts';
import type { Home, Parent, Person } from './people.ts';
import { organization, practitioner } from './places.ts';
import { primaryOf } from './visits.ts';

const omb = (part: string, [code, display]: readonly [string, string]): Extension => ({
  url: part,
  valueCoding: coding(['cdcrec', code, display]),
});

/** Race and ethnicity extensions have OMB categories, details and one text. */
function heritageExtension(
  url: string,
  category: readonly [string, string],
  detailed?: readonly [string, string],
): Extension {
  return {
    url,
    extension: [
      omb('ombCategory', category),
      ...(detailed ? [omb('detailed', detailed)] : []),
      { url: 'text', valueString: detailed?.[1] ?? category[1] },
    ],
  };
}

const IDENTITIES: Readonly<Record<Person['gender'], Code>> = {
  female: ['snomed', '446141000124107', 'Identifies as female gender'],
  male: ['snomed', '446151000124109', 'Identifies as male gender'],
  other: ['snomed', '33791000087105', 'Identifies as nonbinary gender'],
};

const HISPANIC = ['2135-2', 'Hispanic or Latino'] as const;
const NOT_HISPANIC = ['2186-5', 'Not Hispanic or Latino'] as const;

function extensionsOf({ heritage, tribe, sex, gender }: Person): Extension[] {
  return [
    heritageExtension(EXTENSIONS.race, heritage.race, heritage.detailed),
    heritageExtension(EXTENSIONS.ethnicity, heritage.hispanic ? HISPANIC : NOT_HISPANIC, heritage.hispanic),
    ...(tribe ? [tribalExtension(tribe)] : []),
    { url: EXTENSIONS.birthSex, valueCode: sex === 'female' ? 'F' : 'M' },
    { url: EXTENSIONS.sex, valueCode: sex === 'female' ? '248152002' : '248153007' },
    { url: EXTENSIONS.genderIdentity, valueCodeableConcept: concept(IDENTITIES[gender]) },
  ];
}

const tribalExtension = ([code, display]: readonly [string, string]): Extension => ({
  url: EXTENSIONS.tribe,
  extension: [
    // No display: R4 and HL7 Terminology punctuate the names of tribes differently.
    {
      url: 'tribalAffiliation',
      valueCodeableConcept: { coding: [{ system: SYSTEMS.tribe, code }], text: display },
    },
    { url: 'isEnrolled', valueBoolean: true },
  ],
});

function namesOf({ given, middle, family, suffix, formerly, birth }: Person): HumanName[] {
  const own = { given: [given, `${middle}.`], ...(suffix !== undefined && { suffix: [suffix] }) };
  const current: HumanName = {
    use: 'official',
    family,
    ...own,
    ...(formerly && { period: { start: dateText(formerly.until + 1) } }),
  };
  if (!formerly) return [current];
  return [
    current,
    {
      use: 'old',
      family: formerly.family,
      ...own,
      period: { start: dateText(birth), end: dateText(formerly.until) },
    },
  ];
}

function addressOf({ line, town, from, until }: Home): Address {
  return {
    use: until === undefined ? 'home' : 'old',
    type: 'both',
    line: [line],
    city: town.city,
    state: town.state,
    postalCode: town.postalCode,
    country: 'US',
    period: { start: dateText(from), ...(until !== undefined && { end: dateText(until) }) },
  };
}

const MARRIED: Code = ['maritalStatus', 'M', 'Married'];
const SINGLE: Code = ['maritalStatus', 'S', 'Never Married'];

/** The hour at which the dead are said to have died: the last thing on their last day. */
const DEATH_HOUR = [23, 10] as const;

export function writePatient(chart: Chart, life: Background): void {
  const { person } = life;
  const recordNumber = `E${String(chart.seed).padStart(3, '0')}${String(person.number + 1).padStart(6, '0')}`;
  const adult = ageAt(person.birth, life.last) >= 18;
  put<Patient>(
    chart,
    'patient',
    {
      resourceType: 'Patient',
      extension: extensionsOf(person),
      identifier: [
        {
          use: 'usual',
          type: concept(['identifierType', 'MR', 'Medical record number']),
          system: NAMESPACES.record,
          value: recordNumber,
        },
      ],
      active: true,
      name: namesOf(person),
      telecom: person.parent
        ? [phone(person.parent.phone, 'mobile'), email(person.parent.email, 'home')]
        : [phone(person.phone, 'home'), email(person.email, 'home')],
      gender: person.gender,
      birthDate: dateText(person.birth),
      ...(person.death !== undefined && { deceasedDateTime: timeText(at(person.death, ...DEATH_HOUR)) }),
      address: person.homes.map(addressOf),
      ...(adult && { maritalStatus: concept(person.married ? MARRIED : SINGLE) }),
      ...(person.parent && { contact: [contactOf(person.parent)] }),
      communication: [{ language: concept(['language', ...person.language]), preferred: true }],
      generalPractitioner: [practitioner(chart.seed, primaryOf(life, life.last))],
      managingOrganization: organization(chart.seed, adult ? 'family' : 'pediatrics'),
    },
    {
      profile: usCore('us-core-patient'),
      text: narrative(`${nameOf(person)}, born ${spokenDate(person.birth)}`, `Record ${recordNumber}`),
    },
  );
  if (person.parent) writeParent(chart, life, person.parent);
}

const RELATIONS = { mother: ['MTH', 'mother'], father: ['FTH', 'father'] } as const;

const relationship = ({ relation }: Parent) =>
  conceptSaid(relation, ['roleCode', ...RELATIONS[relation]], ['roleCode', 'PRN', 'parent']);

const contactOf = (parent: Parent) => ({
  relationship: [
    conceptSaid(
      parent.relation,
      ['contactRole', 'N', 'Next-of-Kin'],
      ['roleCode', ...RELATIONS[parent.relation]],
    ),
  ],
  name: { family: parent.family, given: [parent.given] },
  telecom: [phone(parent.phone, 'mobile')],
});

function writeParent(chart: Chart, life: Background, parent: Parent): void {
  put<RelatedPerson>(
    chart,
    'parent',
    {
      resourceType: 'RelatedPerson',
      active: true,
      patient: link(chart, 'Patient', 'patient', nameOf(life.person)),
      relationship: [relationship(parent)],
      name: [{ use: 'official', family: parent.family, given: [parent.given] }],
      telecom: [phone(parent.phone, 'mobile'), email(parent.email, 'home')],
      gender: parent.relation === 'mother' ? 'female' : 'male',
      address: [addressOf(life.person.homes[0])],
      communication: [{ language: concept(['language', ...life.person.language]) }],
    },
    {
      profile: usCore('us-core-relatedperson'),
      text: narrative(`${nameOf(parent)}, ${parent.relation} of ${nameOf(life.person)}`),
    },
  );
}
