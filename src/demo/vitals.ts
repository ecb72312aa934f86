/** Vital signs at a visit, and their Observations. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-vital-signs.html */
import type { Observation, ObservationComponent, Quantity } from '@medplum/fhirtypes';
import { ageAt } from './calendar.ts';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { coding, concept, conceptSaid, quantity, rounded } from './datatypes.ts';
import { bodyAt, percentilesOf } from './growth.ts';
import { activeCourse, chanceOf } from './life.ts';
import type { ProblemKey } from './tables/problems.ts';
import { isTaken } from './treatments.ts';
import type { Life } from './treatments.ts';
import { whenSeen } from './encounters.ts';
import type { VisitKind } from './tables/visits.ts';
import type { Visit } from './visits.ts';

/** What was measured; what was not is left out. Units: cm, kg, kg/m2, mmHg, a minute, degrees Celsius, percent, liters a minute. */
export interface Measures {
  readonly height?: number;
  readonly weight?: number;
  readonly bmi?: number;
  readonly head?: number;
  readonly massPercentile?: number;
  readonly lengthPercentile?: number;
  readonly headPercentile?: number;
  readonly systolic?: number;
  readonly diastolic?: number;
  readonly heartRate?: number;
  readonly respiration?: number;
  readonly temperature?: number;
  readonly saturation?: number;
  readonly oxygenFlow?: number;
  readonly oxygenShare?: number;
  /** What should have been measured, but was not. */
  readonly missed: readonly MeasureKey[];
}

export type MeasureKey = Exclude<keyof Measures, 'missed'>;

type Values = Omit<Measures, 'missed'>;

const ALL: readonly MeasureKey[] = [
  'height',
  'weight',
  'bmi',
  'systolic',
  'heartRate',
  'respiration',
  'temperature',
];

/** What is measured at which kind of visit. */
const TAKEN: Readonly<Record<VisitKind, readonly MeasureKey[]>> = {
  wellChild: [...ALL, 'head', 'massPercentile', 'lengthPercentile', 'headPercentile'],
  physical: ALL,
  followUp: ['weight', 'systolic', 'heartRate'],
  problem: ['weight', 'systolic', 'heartRate', 'temperature'],
  video: [],
  prenatal: ['weight', 'systolic', 'heartRate'],
  urgent: ['systolic', 'heartRate', 'respiration', 'temperature', 'saturation'],
  emergency: ['weight', 'systolic', 'heartRate', 'respiration', 'temperature', 'saturation'],
  inpatient: ['weight', 'systolic', 'heartRate', 'respiration', 'temperature', 'saturation'],
  outpatient: ['systolic', 'heartRate', 'saturation'],
};

const BREATHING: readonly ProblemKey[] = [
  'asthma',
  'lung',
  'heartFailure',
  'pneumonia',
  'asthmaAttack',
  'lungAttack',
  'failureAttack',
];
/** Illness with which people need oxygen. */
const BREATHLESS: readonly ProblemKey[] = ['pneumonia', 'asthmaAttack', 'lungAttack', 'failureAttack'];

/** Everything that the visit measures. */
export function measure(life: Life, visit: Visit): Measures {
  const age = ageAt(life.person.birth, visit.day);
  const concerned = [...visit.found, ...visit.followed].some(({ problem }) => BREATHING.includes(problem));
  const taken = new Set<MeasureKey>([
    ...TAKEN[visit.kind],
    ...(concerned && visit.kind !== 'video' ? (['saturation'] as const) : []),
  ]);
  if (age < 3) taken.delete('systolic');
  if (taken.has('systolic')) taken.add('diastolic');
  if (taken.has('saturation')) taken.add('oxygenFlow').add('oxygenShare');
  const all: Values = {
    ...bodyMeasures(life, visit),
    ...pressure(life, visit),
    ...signs(life, visit),
    ...oxygen(life, visit),
  };
  const missed = missedOf(
    life,
    visit,
    [...taken].filter((key) => all[key] !== undefined),
  );
  const kept = Object.entries(all).filter(
    ([key]) => taken.has(key as MeasureKey) && !missed.includes(key as MeasureKey),
  );
  return { ...Object.fromEntries(kept), missed };
}

/** A squirming child or a broken cuff: one reading in so many is missed, and the record says so. */
const MISSED = 0.01;

/** What is computed from a measure is missed with it. */
const DERIVED: Readonly<Partial<Record<MeasureKey, readonly MeasureKey[]>>> = {
  systolic: ['diastolic'],
  head: ['headPercentile'],
  height: ['bmi', 'massPercentile', 'lengthPercentile'],
  weight: ['bmi', 'massPercentile', 'lengthPercentile'],
};

function missedOf(life: Life, visit: Visit, taken: readonly MeasureKey[]): readonly MeasureKey[] {
  const simple = taken.filter((key) => chanceOf(life, 'missed', visit.key, key).chance(MISSED));
  const whole = new Set(simple.flatMap((key) => [key, ...(DERIVED[key] ?? [])]));
  return taken.filter((key) => whole.has(key));
}

function bodyMeasures(life: Life, { day }: Visit): Values {
  const body = bodyAt(life, day);
  const centiles = percentilesOf(life, day, body);
  const grown = ageAt(life.person.birth, day) >= 2;
  return {
    height: body.height,
    weight: body.weight,
    ...(grown && { bmi: rounded(body.weight / (body.height / 100) ** 2, 1) }),
    ...(body.head !== undefined && { head: body.head }),
    ...(centiles.mass !== undefined && { massPercentile: centiles.mass }),
    ...(centiles.weightForLength !== undefined && { lengthPercentile: centiles.weightForLength }),
    ...(centiles.head !== undefined && { headPercentile: centiles.head }),
  };
}

const PRESSURE_MEDICINES = ['lisinopril10', 'lisinopril20', 'amlodipine5', 'metoprolol50'];

/** Blood pressure rises with age and weight; hypertension adds 26, and each medicine takes 11 away as it takes hold. */
function pressure(life: Life, { day }: Visit): Values {
  const age = ageAt(life.person.birth, day);
  const rng = chanceOf(life, 'pressure', day);
  const level = chanceOf(life, 'pressure').normal(0, 5);
  const base = age < 18 ? 86 + 1.7 * age : 114 + 0.2 * (age - 18);
  const high = activeCourse(life, 'hypertension', day);
  const relief = life.treatments
    .filter((one) => PRESSURE_MEDICINES.includes(one.medicine) && isTaken(one, day))
    .reduce((sum, { start }) => sum + 11 * (1 - Math.exp(-(day - start) / 30)), 0);
  const systolic = Math.max(84, base + level + (high ? 26 - Math.min(relief, 27) : 0) + rng.normal(0, 4));
  return {
    systolic: rounded(systolic),
    diastolic: rounded(systolic * (age < 18 ? 0.6 : 0.62) + rng.normal(1, 3)),
  };
}

/** Resting heart and breathing rates by age in years. */
const RATES: readonly (readonly [age: number, heart: number, breath: number])[] = [
  [0, 138, 42],
  [0.5, 130, 34],
  [1, 120, 30],
  [3, 106, 25],
  [6, 95, 22],
  [10, 85, 19],
  [14, 77, 17],
  [18, 72, 15],
];

const feverish = (visit: Visit): boolean => visit.found.some(({ row }) => row.fever === true);

function signs(life: Life, visit: Visit): Values {
  const rng = chanceOf(life, 'signs', visit.day, visit.kind);
  const age = ageAt(life.person.birth, visit.day);
  const [, heart, breath] = RATES.findLast(([from]) => age >= from) ?? RATES[0]!;
  const fever = feverish(visit) ? rng.real(1.2, 2.2) : 0;
  const laboring = visit.found.some(({ problem }) => problem === 'asthmaAttack' || problem === 'pneumonia')
    ? 10
    : 0;
  const slowed = life.treatments.some((one) => one.medicine === 'metoprolol50' && isTaken(one, visit.day))
    ? 8
    : 0;
  return {
    heartRate: rounded(heart + rng.normal(0, 5) + 9 * fever + laboring - slowed),
    respiration: rounded(breath + rng.normal(0, 1) + laboring),
    temperature: rounded(36.7 + rng.normal(0, 0.2) + fever, 1),
  };
}

function oxygen(life: Life, visit: Visit): Values {
  const rng = chanceOf(life, 'oxygen', visit.day);
  const sick = visit.found.some(({ problem }) => BREATHLESS.includes(problem));
  const chronic = activeCourse(life, 'lung', visit.day) ? 3.5 : 0;
  const saturation = Math.min(100, rounded(98 + rng.normal(0, 0.7) - chronic - (sick ? 4 : 0)));
  if (!sick) return { saturation };
  const flow = rng.int(2, 4);
  return { saturation, oxygenFlow: flow, oxygenShare: 20 + 4 * flow };
}

interface Sign {
  readonly profile: string;
  readonly codes: readonly [Code, ...Code[]];
  readonly unit: readonly [unit: string, ucum: string];
}

const PERCENT = ['%', '%'] as const;

/** The signs that are a single number. */
const SIGNS: Readonly<Partial<Record<MeasureKey, Sign>>> = {
  height: { profile: 'us-core-body-height', codes: [['loinc', '8302-2', 'Body height']], unit: ['cm', 'cm'] },
  weight: {
    profile: 'us-core-body-weight',
    codes: [['loinc', '29463-7', 'Body weight']],
    unit: ['kg', 'kg'],
  },
  bmi: {
    profile: 'us-core-bmi',
    codes: [['loinc', '39156-5', 'Body mass index (BMI) [Ratio]']],
    unit: ['kg/m2', 'kg/m2'],
  },
  head: {
    profile: 'us-core-head-circumference',
    codes: [['loinc', '9843-4', 'Head Occipital-frontal circumference']],
    unit: ['cm', 'cm'],
  },
  massPercentile: {
    profile: 'pediatric-bmi-for-age',
    codes: [['loinc', '59576-9', 'Body mass index (BMI) [Percentile] Per age and sex']],
    unit: PERCENT,
  },
  lengthPercentile: {
    profile: 'pediatric-weight-for-height',
    codes: [['loinc', '77606-2', 'Weight-for-length Per age and sex']],
    unit: PERCENT,
  },
  headPercentile: {
    profile: 'head-occipital-frontal-circumference-percentile',
    codes: [['loinc', '8289-1', 'Head Occipital-frontal circumference Percentile']],
    unit: PERCENT,
  },
  heartRate: {
    profile: 'us-core-heart-rate',
    codes: [['loinc', '8867-4', 'Heart rate']],
    unit: ['beats/minute', '/min'],
  },
  respiration: {
    profile: 'us-core-respiratory-rate',
    codes: [['loinc', '9279-1', 'Respiratory rate']],
    unit: ['breaths/minute', '/min'],
  },
  temperature: {
    profile: 'us-core-body-temperature',
    codes: [['loinc', '8310-5', 'Body temperature']],
    unit: ['Cel', 'Cel'],
  },
  saturation: {
    profile: 'us-core-pulse-oximetry',
    codes: [
      ['loinc', '59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry'],
      ['loinc', '2708-6', 'Oxygen saturation in Arterial blood'],
    ],
    unit: PERCENT,
  },
};

export function writeVitals(chart: Chart, life: Life, visit: Visit, measures: Measures): void {
  for (const [name, sign] of Object.entries(SIGNS) as [MeasureKey, Sign][]) {
    // R4's own profile of the body mass index demands a value.
    const isMissed = name !== 'bmi' && measures.missed.includes(name);
    if (isMissed || measures[name] !== undefined) writeSign(chart, life, visit, name, sign, measures);
  }
  if (measures.systolic !== undefined || measures.missed.includes('systolic'))
    writePressure(chart, life, visit, measures);
}

type Shared = Pick<
  Observation,
  'status' | 'category' | 'subject' | 'encounter' | 'effectiveDateTime' | 'performer'
>;

const shared = (chart: Chart, life: Life, visit: Visit): Shared => ({
  status: 'final',
  category: [concept(CATEGORY.vitals)],
  ...whenSeen(chart, life, visit, 3),
});

function writeSign(
  chart: Chart,
  life: Life,
  visit: Visit,
  name: MeasureKey,
  sign: Sign,
  measures: Measures,
): void {
  const value = measures[name];
  const component = name === 'saturation' ? inhaled(measures) : [];
  put<Observation>(
    chart,
    `${name}-${visit.key}`,
    {
      resourceType: 'Observation',
      ...shared(chart, life, visit),
      code: { coding: sign.codes.map(coding), text: sign.codes[0][2] },
      ...valueOr(value, (one) => quantity(one, ...sign.unit)),
      ...(component.length > 0 && { component }),
    },
    { profile: usCore(sign.profile) },
  );
}

type ValueOrNot = Pick<ObservationComponent, 'valueQuantity' | 'dataAbsentReason'>;

const valueOr = (value: number | undefined, make: (value: number) => Quantity): ValueOrNot =>
  value === undefined ? { dataAbsentReason: concept(ABSENT.notPerformed) } : { valueQuantity: make(value) };

/** With a nasal cannula the share of oxygen is not known for sure, and with a Venturi mask the flow is not written down. */
function inhaled({ oxygenFlow, oxygenShare }: Measures): ObservationComponent[] {
  if (oxygenFlow === undefined || oxygenShare === undefined) return [];
  const isMask = oxygenFlow > 3;
  const isCannula = oxygenFlow === 3;
  return [
    {
      code: concept(['loinc', '3151-8', 'Inhaled oxygen flow rate']),
      ...valueOr(isMask ? undefined : oxygenFlow, (value) => quantity(value, 'L/min')),
    },
    {
      code: concept(['loinc', '3150-0', 'Inhaled oxygen concentration']),
      ...valueOr(isCannula ? undefined : oxygenShare, (value) => quantity(value, '%')),
    },
  ];
}

function writePressure(chart: Chart, life: Life, visit: Visit, { systolic, diastolic }: Measures): void {
  const part = (code: string, display: string, value?: number): ObservationComponent => ({
    code: concept(['loinc', code, display]),
    ...valueOr(value, (one) => quantity(one, 'mmHg', 'mm[Hg]')),
  });
  put<Observation>(
    chart,
    `pressure-${visit.key}`,
    {
      resourceType: 'Observation',
      ...shared(chart, life, visit),
      code: conceptSaid('Blood pressure', [
        'loinc',
        '85354-9',
        'Blood pressure panel with all children optional',
      ]),
      ...(systolic === undefined && { dataAbsentReason: concept(ABSENT.notPerformed) }),
      component: [
        part('8480-6', 'Systolic blood pressure', systolic),
        part('8462-4', 'Diastolic blood pressure', diastolic),
      ],
    },
    { profile: usCore('us-core-blood-pressure') },
  );
}

/** The vital signs in one line of a note. */
export function spokenVitals(measures: Measures): string {
  const { systolic, diastolic, heartRate, respiration, temperature, saturation, height, weight, bmi, head } =
    measures;
  const parts = [
    systolic !== undefined && `BP ${systolic}/${diastolic} mmHg`,
    heartRate !== undefined && `HR ${heartRate}`,
    respiration !== undefined && `RR ${respiration}`,
    temperature !== undefined && `T ${temperature} C`,
    saturation !== undefined &&
      `SpO2 ${saturation}%${measures.oxygenFlow === undefined ? '' : ` on ${measures.oxygenFlow} L/min`}`,
    height !== undefined && `height ${height} cm`,
    weight !== undefined && `weight ${weight} kg`,
    bmi !== undefined &&
      `BMI ${bmi}${measures.massPercentile === undefined ? '' : ` (${ordinal(measures.massPercentile)} percentile)`}`,
    head !== undefined && `head ${head} cm (${ordinal(measures.headPercentile ?? 50)} percentile)`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

export function ordinal(value: number): string {
  const ten = value % 100;
  const ending = ten > 10 && ten < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${value}${ending}`;
}
