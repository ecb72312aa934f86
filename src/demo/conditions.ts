/** Problems, allergies and family history. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-condition-problems-health-concerns.html */
import type { AllergyIntolerance, Condition, FamilyMemberHistory } from '@medplum/fhirtypes';
import { at, dateText, dayAtAge, spokenDate, timeText } from './calendar.ts';
import type { Day } from './calendar.ts';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { CATEGORY, EXTENSIONS, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, narrative, note } from './datatypes.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { chanceOf } from './life.ts';
import type { Background, Course } from './life.ts';
import { practitioner } from './places.ts';
import { ALLERGIES } from './tables/allergies.ts';
import type { AllergyRow } from './tables/allergies.ts';
import { problem } from './tables/problems.ts';
import type { Life } from './treatments.ts';
import type { Visit } from './visits.ts';

const CLINICAL = {
  active: ['conditionClinical', 'active', 'Active'],
  resolved: ['conditionClinical', 'resolved', 'Resolved'],
} as const satisfies Record<string, Code>;

const CONFIRMED: Code = ['conditionVerification', 'confirmed', 'Confirmed'];
const PROBLEM_LIST: Code = ['conditionCategory', 'problem-list-item', 'Problem List Item'];
const DIAGNOSIS: Code = ['conditionCategory', 'encounter-diagnosis', 'Encounter Diagnosis'];

/** The visit at which a course came into the record: where it was found, or the first that a new patient made. */
export const recordedAt = (life: Life, course: Course): Visit | undefined =>
  life.visits.find((visit) => visit.found.includes(course)) ??
  life.visits.find((visit) => visit.followed.includes(course));

export function writeConditions(chart: Chart, life: Life): void {
  for (const course of life.courses) {
    const visit = recordedAt(life, course);
    if (visit) writeCourse(chart, life, course, visit);
    else if (course.onset < life.since) writeHistory(chart, life, course);
  }
  if (life.person.foodInsecure) writeFoodInsecurity(chart, life);
}

const codesOf = ({ row }: Course) => concept(['snomed', ...row.snomed], ['icd10', ...row.icd10]);

const asserted = (day: Day) => [{ url: EXTENSIONS.assertedDate, valueDateTime: dateText(day) }];

function writeCourse(chart: Chart, life: Life, course: Course, visit: Visit): void {
  const chronic = course.row.course === 'chronic';
  const resolved = course.ended !== undefined && course.ended <= life.last;
  const state = resolved ? CLINICAL.resolved : CLINICAL.active;
  put<Condition>(
    chart,
    course.key,
    {
      resourceType: 'Condition',
      extension: asserted(visit.day),
      clinicalStatus: concept(state),
      verificationStatus: concept(CONFIRMED),
      category: [concept(chronic ? PROBLEM_LIST : DIAGNOSIS)],
      code: codesOf(course),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      onsetDateTime: dateText(course.onset),
      ...(resolved && { abatementDateTime: dateText(course.ended) }),
      recordedDate: timeText(visit.start + 14),
      recorder: practitioner(chart.seed, visit.by),
      asserter: practitioner(chart.seed, visit.by),
    },
    {
      profile: usCore(
        chronic ? 'us-core-condition-problems-health-concerns' : 'us-core-condition-encounter-diagnosis',
      ),
      text: narrative(
        `${course.row.snomed[1]}, ${resolved ? 'resolved' : 'active'}, since ${spokenDate(course.onset)}`,
      ),
    },
  );
}

/** What was over before the record began is told by the patient, and has no encounter. */
function writeHistory(chart: Chart, life: Life, course: Course): void {
  const first = life.visits[0];
  const ended = course.ended ?? course.onset + 3 * 365;
  if (!first || ended >= first.day) return;
  put<Condition>(
    chart,
    course.key,
    {
      resourceType: 'Condition',
      extension: asserted(first.day),
      clinicalStatus: concept(CLINICAL.resolved),
      verificationStatus: concept(CONFIRMED),
      category: [concept(PROBLEM_LIST)],
      code: codesOf(course),
      subject: subjectOf(chart, life),
      onsetDateTime: dateText(course.onset),
      abatementDateTime: dateText(ended),
      recordedDate: timeText(first.start + 14),
      note: note('Told by the patient at the first visit.'),
    },
    {
      profile: usCore('us-core-condition-problems-health-concerns'),
      text: narrative(`History of ${course.row.label}`),
    },
  );
}

/** Food insecurity stands on the problem list as a health concern that a screening found. */
function writeFoodInsecurity(chart: Chart, life: Life): void {
  const visit = screenedAt(life);
  if (!visit) return;
  put<Condition>(
    chart,
    'foodInsecurity',
    {
      resourceType: 'Condition',
      extension: asserted(visit.day),
      clinicalStatus: concept(CLINICAL.active),
      verificationStatus: concept(CONFIRMED),
      category: [concept(['usCoreCondition', 'health-concern', 'Health Concern']), concept(CATEGORY.sdoh)],
      code: concept(['snomed', '733423003', 'Food insecurity'], ['icd10', 'Z59.41', 'Food insecurity']),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      onsetDateTime: dateText(Math.max(visit.day - 90, life.person.birth)),
      recordedDate: timeText(visit.start + 14),
      recorder: practitioner(chart.seed, visit.by),
    },
    {
      profile: usCore('us-core-condition-problems-health-concerns'),
      text: narrative('Food insecurity, active'),
    },
  );
}

/** The visit at which social needs were screened: the last routine one. */
export const screenedAt = (life: Life): Visit | undefined =>
  life.visits.findLast(({ kind }) => kind === 'physical' || kind === 'wellChild') ?? life.visits.at(-1);

const ALLERGY_ACTIVE: Code = ['allergyClinical', 'active', 'Active'];
const ALLERGY_CONFIRMED: Code = ['allergyVerification', 'confirmed', 'Confirmed'];

export function writeAllergies(chart: Chart, life: Life): void {
  const row = ALLERGIES.find(({ key }) => key === life.person.allergy);
  const first = life.visits[0];
  if (!first) return;
  const known = row && life.visits.find(({ day }) => day >= dayAtAge(life.person.birth, row.age));
  if (row && known) writeAllergy(chart, life, row, known);
  else writeNoAllergy(chart, life, first);
}

function writeAllergy(chart: Chart, life: Life, row: AllergyRow, visit: Visit): void {
  put<AllergyIntolerance>(
    chart,
    row.key,
    {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: concept(ALLERGY_ACTIVE),
      verificationStatus: concept(ALLERGY_CONFIRMED),
      type: row.type,
      category: [row.category],
      criticality: row.criticality,
      code: conceptSaid(row.label, row.code),
      patient: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      onsetDateTime: dateText(dayAtAge(life.person.birth, row.age)),
      recordedDate: timeText(visit.start + 6),
      recorder: practitioner(chart.seed, visit.by),
      reaction: [
        {
          manifestation: row.reactions.map((reaction) => concept(['snomed', ...reaction])),
          severity: row.severity,
        },
      ],
    },
    {
      profile: usCore('us-core-allergyintolerance'),
      text: narrative(
        `${row.label}: ${row.reactions.map(([, display]) => display.toLowerCase()).join(', ')} (${row.severity})`,
      ),
    },
  );
}

function writeNoAllergy(chart: Chart, life: Life, visit: Visit): void {
  put<AllergyIntolerance>(
    chart,
    'none',
    {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: concept(ALLERGY_ACTIVE),
      verificationStatus: concept(ALLERGY_CONFIRMED),
      code: concept(['snomed', '716186003', 'No known allergy']),
      patient: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      recordedDate: timeText(visit.start + 6),
      recorder: practitioner(chart.seed, visit.by),
    },
    { profile: usCore('us-core-allergyintolerance'), text: narrative('No known allergy') },
  );
}

const RELATIVES = [
  ['MTH', 'mother', 'female'],
  ['FTH', 'father', 'male'],
] as const;

/** What runs in families: often what the patient has, too. */
const HEREDITARY = [
  'hypertension',
  'diabetes',
  'coronary',
  'asthma',
  'depression',
  'hypothyroidism',
] as const;

export function writeFamilyHistory(chart: Chart, life: Background & Life): void {
  const first = life.visits[0];
  if (!first) return;
  for (const [code, relation, sex] of RELATIVES) {
    const rng = chanceOf(life, 'family', relation);
    const own = HEREDITARY.filter((name) => life.courses.some((one) => one.problem === name));
    const name = rng.chance(0.6) && own.length > 0 ? rng.pick(own) : rng.pick(HEREDITARY);
    const row = problem(name);
    const age = rng.int(Math.round(row.ages[0]), Math.round(row.ages[1]));
    put<FamilyMemberHistory>(
      chart,
      relation,
      {
        resourceType: 'FamilyMemberHistory',
        status: 'completed',
        patient: subjectOf(chart, life),
        date: timeText(at(first.day, 8)),
        relationship: concept(['roleCode', code, relation]),
        sex: concept([
          'snomed',
          ...(sex === 'female' ? (['248152002', 'Female'] as const) : (['248153007', 'Male'] as const)),
        ]),
        condition: [
          {
            code: concept(['snomed', ...row.snomed]),
            onsetAge: { value: age, unit: 'years', system: 'http://unitsofmeasure.org', code: 'a' },
          },
        ],
      },
      { text: narrative(`${relation}: ${row.label} at ${age}`) },
    );
  }
}
