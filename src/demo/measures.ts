/** What is measured at a visit. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-vital-signs.html */
import { ageAt } from './calendar.ts';
import { rounded } from './datatypes.ts';
import { bodyAt, percentilesOf } from './growth.ts';
import { activeCourse, chanceOf } from './life.ts';
import type { ProblemKey } from './tables/problems.ts';
import { isTaken } from './treatments.ts';
import type { Life } from './treatments.ts';
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
