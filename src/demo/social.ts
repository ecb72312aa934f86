/** How people live: smoking, work, orientation, pregnancy, and the surveys that ask about mood, food and housing. https://hl7.org/fhir/us/core/STU6.1/screening-and-assessments.html */
import type { CodeableConcept, Observation } from '@medplum/fhirtypes';
import { ageAt, dateText, dayAtAge } from './calendar.ts';
import type { Day } from './calendar.ts';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, quantity } from './datatypes.ts';
import { screenedAt } from './conditions.ts';
import { subjectOf, whenSeen } from './encounters.ts';
import { activeCourse, chanceOf } from './life.ts';
import { practitioner } from './places.ts';
import type { Life } from './treatments.ts';
import { primaryOf } from './visits.ts';
import type { Visit } from './visits.ts';

const SMOKING: Readonly<Record<Life['person']['smoking'], Code>> = {
  never: ['snomed', '266919005', 'Never smoked tobacco'],
  former: ['snomed', '8517006', 'Ex-smoker'],
  daily: ['snomed', '449868002', 'Smokes tobacco daily'],
  some: ['snomed', '428041000124106', 'Occasional tobacco smoker'],
};

const ORIENTATIONS: Readonly<Record<Life['person']['orientation'], Code>> = {
  heterosexual: ['snomed', '20430005', 'Heterosexual'],
  homosexual: ['snomed', '38628009', 'Homosexual'],
  bisexual: ['snomed', '42035005', 'Bisexual'],
  declined: ['nullFlavor', 'ASKU', 'asked but unknown'],
};

type Stated = Pick<Observation, 'resourceType' | 'status' | 'category' | 'subject' | 'performer'>;

const stated = (chart: Chart, life: Life): Stated => ({
  resourceType: 'Observation',
  status: 'final',
  category: [concept(CATEGORY.social)],
  subject: subjectOf(chart, life),
  performer: [practitioner(chart.seed, primaryOf(life, life.last))],
});

export function writeSocial(chart: Chart, life: Life): void {
  writeSmoking(chart, life);
  writeOccupation(chart, life);
  const visit = screenedAt(life);
  if (!visit || ageAt(life.person.birth, visit.day) < 18) return;
  writeCoded(
    chart,
    life,
    visit,
    'orientation',
    'us-core-observation-sexual-orientation',
    ['loinc', '76690-7', 'Sexual orientation'],
    concept(ORIENTATIONS[life.person.orientation]),
  );
  writeStatus(chart, life);
  writeFunction(chart, life, visit);
}

/** Asked at every physical from thirteen on. */
function writeSmoking(chart: Chart, life: Life): void {
  const asked = life.visits.filter(
    ({ day, kind }) => (kind === 'physical' || kind === 'wellChild') && ageAt(life.person.birth, day) >= 13,
  );
  for (const visit of asked) {
    put<Observation>(
      chart,
      `smoking-${visit.key}`,
      {
        ...stated(chart, life),
        ...whenSeen(chart, life, visit, 7),
        code: conceptSaid('Tobacco smoking status', ['loinc', '72166-2', 'Tobacco smoking status']),
        valueCodeableConcept: concept(
          SMOKING[ageAt(life.person.birth, visit.day) < 18 ? 'never' : life.person.smoking],
        ),
      },
      { profile: usCore('us-core-smokingstatus') },
    );
  }
}

function writeOccupation(chart: Chart, life: Life): void {
  const { job, birth } = life.person;
  if (!job) return;
  const start = Math.min(dayAtAge(birth, 18) + chanceOf(life, 'job').int(200, 3000), life.last - 30);
  put<Observation>(
    chart,
    'occupation',
    {
      ...stated(chart, life),
      code: concept(['loinc', '11341-5', 'History of Occupation']),
      effectivePeriod: { start: dateText(start) },
      valueCodeableConcept: concept(['soc', job.soc, job.title]),
      component: [
        {
          code: concept(['loinc', '86188-0', 'History of Occupation industry']),
          valueCodeableConcept: concept(['naics', job.naics, job.industry]),
        },
      ],
    },
    { profile: usCore('us-core-observation-occupation') },
  );
}

function writeCoded(
  chart: Chart,
  life: Life,
  visit: Visit,
  key: string,
  profile: string,
  code: Code,
  value: CodeableConcept,
): void {
  put<Observation>(
    chart,
    `${key}-${visit.key}`,
    {
      ...stated(chart, life),
      ...whenSeen(chart, life, visit, 8),
      code: concept(code),
      valueCodeableConcept: value,
    },
    { profile: usCore(profile) },
  );
}

const PREGNANT: Code = ['snomed', '77386006', 'Pregnant'];
const NOT_PREGNANT: Code = ['snomed', '60001007', 'Not pregnant'];
const UNSURE: Code = ['snomed', '454381000124105', 'Not sure of desire to become pregnant'];

const fertile = (life: Life, day: Day): boolean =>
  life.person.sex === 'female' && ageAt(life.person.birth, day) > 17 && ageAt(life.person.birth, day) < 50;

/** Pregnancy status at each visit of a pregnancy and at the last physical; intent once. */
function writeStatus(chart: Chart, life: Life): void {
  const visits = life.visits.filter(
    ({ day, kind }) => fertile(life, day) && (kind === 'prenatal' || kind === 'physical'),
  );
  for (const visit of visits.filter(
    ({ kind }, index) => kind === 'prenatal' || index === visits.length - 1,
  )) {
    const status = activeCourse(life, 'pregnancy', visit.day) ? PREGNANT : NOT_PREGNANT;
    writeCoded(
      chart,
      life,
      visit,
      'pregnancy',
      'us-core-observation-pregnancystatus',
      ['loinc', '82810-3', 'Pregnancy status'],
      concept(status),
    );
  }
  const physical = visits.findLast(({ kind }) => kind === 'physical');
  if (!physical) return;
  const intent = chanceOf(life, 'intent').chance(0.5) ? UNSURE : (['nullFlavor', 'UNK', 'unknown'] as const);
  writeCoded(
    chart,
    life,
    physical,
    'intent',
    'us-core-observation-pregnancyintent',
    ['loinc', '86645-9', 'Pregnancy intention in the next year - Reported'],
    concept(intent),
  );
}

type Value = Pick<
  Observation,
  'valueQuantity' | 'valueCodeableConcept' | 'valueString' | 'valueBoolean' | 'dataAbsentReason'
>;

function writeSimple(
  chart: Chart,
  life: Life,
  visit: Visit,
  key: string,
  category: Code,
  code: Code,
  value: Value,
): void {
  put<Observation>(
    chart,
    `${key}-${visit.key}`,
    {
      ...stated(chart, life),
      category: [concept(category)],
      ...whenSeen(chart, life, visit, 9),
      code: concept(code),
      ...value,
    },
    { profile: usCore('us-core-simple-observation') },
  );
}

/** Mind, movement and means of the old, and of some others. */
function writeFunction(chart: Chart, life: Life, visit: Visit): void {
  const rng = chanceOf(life, 'function');
  const age = ageAt(life.person.birth, visit.day);
  const poor = life.person.foodInsecure;
  writeSimple(
    chart,
    life,
    visit,
    'transport',
    CATEGORY.sdoh,
    ['snomed', '160695008', 'Transport too expensive'],
    { valueBoolean: poor && rng.chance(0.6) },
  );
  if (age < 65 && !life.person.role) return;
  const score = age < 65 ? rng.int(29, 30) : rng.int(23, 30);
  writeSimple(
    chart,
    life,
    visit,
    'cognition',
    CATEGORY.cognitive,
    ['loinc', '72106-8', 'Total score [MMSE]'],
    { valueQuantity: quantity(score, '{score}') },
  );
  const walks =
    age > 78
      ? 'Walks with a cane outdoors, independent in dressing and bathing.'
      : 'Independent in all activities of daily living.';
  writeSimple(
    chart,
    life,
    visit,
    'function',
    CATEGORY.functional,
    ['loinc', '54522-8', 'Functional status'],
    { valueString: walks },
  );
}
