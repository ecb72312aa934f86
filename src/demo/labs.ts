/** What the laboratory finds: values that follow the person's own level, the problems they have and the medicines they take. */
import { ageAt, DAYS_A_MONTH, DAYS_A_YEAR } from './calendar.ts';
import type { Day } from './calendar.ts';
import type { Code } from './codes.ts';
import { rounded } from './datatypes.ts';
import { activeCourse, chanceOf } from './life.ts';
import type { Course } from './life.ts';
import { analyte, panel } from './tables/analytes.ts';
import type { AnalyteKey, FindingKey, PanelKey } from './tables/analytes.ts';
import type { ProblemKey } from './tables/problems.ts';
import type { Life } from './treatments.ts';
import type { Visit } from './visits.ts';

/** One panel drawn at a visit, with its results. */
export interface Draw {
  readonly panel: PanelKey;
  readonly visit: Visit;
  readonly values: readonly Result[];
}

export type Result =
  | {
      readonly kind: 'number';
      readonly analyte: AnalyteKey;
      readonly value: number;
      readonly spoiled: boolean;
    }
  | { readonly kind: 'code'; readonly finding: FindingKey; readonly code: Code }
  | { readonly kind: 'text'; readonly finding: FindingKey; readonly text: string };

const MONTH = DAYS_A_MONTH;

/** Panels that are due at an age, checked at routine visits: from which age, and how many months apart. */
const SCREENING: readonly (readonly [PanelKey, from: number, months: number])[] = [
  ['lipids', 40, 22],
  ['metabolic', 45, 22],
  ['a1c', 45, 34],
];

const DRAWN_AT: readonly string[] = [
  'physical',
  'followUp',
  'problem',
  'wellChild',
  'prenatal',
  'urgent',
  'emergency',
  'inpatient',
];

/** All draws of the record, in order. A panel is repeated when a problem asks for it and half a year has gone by. */
export function drawsOf(life: Life): readonly Draw[] {
  const lastDrawn = new Map<PanelKey, Day>();
  return life.visits.flatMap((visit) => {
    if (!DRAWN_AT.includes(visit.kind)) return [];
    const due = [...new Set([...forProblems(visit, lastDrawn), ...forAge(life, visit, lastDrawn)])];
    for (const key of due) lastDrawn.set(key, visit.day);
    return due.map((key) => ({ panel: key, visit, values: resultsOf(life, visit, key) }));
  });
}

function forProblems(visit: Visit, lastDrawn: ReadonlyMap<PanelKey, Day>): PanelKey[] {
  const urgent = visit.found.flatMap(({ row }) => row.panels);
  const rested = (key: PanelKey, months: number): boolean =>
    visit.day - (lastDrawn.get(key) ?? -Infinity) > months * MONTH;
  const watched = visit.followed.flatMap(({ row }) =>
    row.panels.filter((key) => rested(key, key === 'a1c' ? 2.5 : 5)),
  );
  return [...urgent, ...watched];
}

function forAge(life: Life, visit: Visit, lastDrawn: ReadonlyMap<PanelKey, Day>): PanelKey[] {
  const age = ageAt(life.person.birth, visit.day);
  if (visit.kind === 'wellChild') {
    const months = age * 12;
    return (months > 11.5 && months < 14.5) || (months > 23.5 && months < 26) ? ['lead', 'bloodCount'] : [];
  }
  if (visit.kind !== 'physical') return [];
  return SCREENING.filter(
    ([key, from, months]) => age >= from && visit.day - (lastDrawn.get(key) ?? -Infinity) > months * MONTH,
  ).map(([key]) => key);
}

/** A tube that was shaken: the potassium is not reported. */
const SPOILED = 0.01;

function resultsOf(life: Life, visit: Visit, key: PanelKey): readonly Result[] {
  const { analytes, findings } = panel(key);
  const child = ageAt(life.person.birth, visit.day) < 18;
  const numbers = analytes
    // The equation for the filtration rate holds for adults.
    .filter((name) => !(child && name === 'filtration'))
    .map((name): Result => {
      const spoiled = name === 'potassium' && chanceOf(life, 'spoiled', visit.key).chance(SPOILED);
      return { kind: 'number', analyte: name, value: valueOf(life, name, visit.day), spoiled };
    });
  return [...numbers, ...findings.map((finding) => wordsOf(visit, finding))];
}

const DETECTED: Code = ['snomed', '260373001', 'Detected'];
const NOT_DETECTED: Code = ['snomed', '260415000', 'Not detected'];
const POSITIVE: Code = ['snomed', '10828004', 'Positive'];
const NEGATIVE: Code = ['snomed', '260385009', 'Negative'];

function wordsOf(visit: Visit, finding: FindingKey): Result {
  const has = (name: ProblemKey): boolean => visit.found.some(({ problem }) => problem === name);
  const coded = (code: Code): Result => ({ kind: 'code', finding, code });
  switch (finding) {
    case 'strepAntigen':
      return coded(has('strepThroat') ? POSITIVE : NEGATIVE);
    case 'covid':
      return coded(has('bronchitis') && visit.day % 4 === 0 ? DETECTED : NOT_DETECTED);
    case 'leukocyteEsterase':
    case 'nitrite':
      return coded(has('cystitis') ? POSITIVE : NEGATIVE);
    case 'urineColor':
      return { kind: 'text', finding, text: has('cystitis') ? 'Cloudy yellow' : 'Yellow' };
    case 'urineBacteria':
      return visit.day % 5 === 0
        ? {
            kind: 'text',
            finding,
            text: 'Mixed urogenital flora, probable contamination. Repeat if symptoms persist.',
          }
        : coded(['snomed', '112283007', 'Escherichia coli']);
  }
}

/** What the body is going through on a day, as the curves below ask for it. */
interface State {
  readonly age: number;
  readonly female: boolean;
  /** Years since the problem began, or undefined. */
  readonly years: (name: ProblemKey) => number | undefined;
  /** Years from the onset of what the person has or will have; negative before it. */
  readonly nearing: (name: ProblemKey) => number | undefined;
  /** How far its first medicine has taken hold: 0 before, toward 1 over some months. */
  readonly relief: (name: ProblemKey, months: number) => number;
  /** The person's own level and today's swing of an analyte, in its unit. */
  readonly noise: (name: AnalyteKey) => number;
}

function stateOf(life: Life, day: Day): State {
  const course = (name: ProblemKey): Course | undefined => activeCourse(life, name, day);
  return {
    age: ageAt(life.person.birth, day),
    female: life.person.sex === 'female',
    years: (name) => {
      const found = course(name);
      return found && (day - found.onset) / DAYS_A_YEAR;
    },
    nearing: (name) => {
      const coming = life.courses.find(({ problem }) => problem === name);
      return coming && (day - coming.onset) / DAYS_A_YEAR;
    },
    relief: (name, months) => {
      const begun = life.treatments.find((one) => one.course.problem === name && one.start <= day);
      return begun ? 1 - Math.exp(-(day - begun.start) / (months * MONTH)) : 0;
    },
    noise: (name) => {
      const { between, within } = analyte(name);
      return (
        chanceOf(life, 'level', name).normal(0, between) +
        chanceOf(life, 'swing', name, day).normal(0, within)
      );
    },
  };
}

/** The value on a day, to the decimals that the laboratory reports. */
export function valueOf(life: Life, name: AnalyteKey, day: Day): number {
  const state = stateOf(life, day);
  const value = LEVELS[name]?.(state) ?? analyte(name).mean + state.noise(name);
  return rounded(Math.max(0, value), analyte(name).decimals);
}

const present = (years: number | undefined, effect: number): number => (years === undefined ? 0 : effect);

/** 0 until so many years before the onset, and up to 1 at it. */
const ramp = (years: number, before: number): number => Math.max(0, Math.min(1, (years + before) / before));

/** Hemoglobin A1c climbs to 6.4 in the years before diabetes, stands at 8.2 when it is found, falls by 1.6 under treatment and creeps up after. */
function a1cAt(state: State): number {
  const years = state.nearing('diabetes');
  const own = state.noise('a1c');
  if (years === undefined) return 5.3 + own + present(state.years('obesity'), 0.25);
  if (years < 0) return 5.5 + own + 0.9 * ramp(years, 5);
  return 8.2 + 2 * own - 1.6 * state.relief('diabetes', 3) + 0.05 * Math.max(0, years - 2);
}

/** Filtration falls with age from 30 on; chronic kidney disease brings it to 56 at its onset, and takes 2.1 a year after. */
function filtrationAt(state: State): number {
  const own = state.noise('filtration');
  const well = Math.max(
    61,
    112 - 0.75 * Math.max(0, state.age - 30) + own - present(state.years('heartFailure'), 8),
  );
  const kidney = state.nearing('kidney');
  if (kidney === undefined) return well;
  return Math.max(16, Math.min(well, 56 + 0.4 * own - (kidney > 0 ? 2.1 : 4.2) * kidney));
}

/** The creatinine that belongs to a filtration rate: the CKD-EPI equation of 2021, turned around. */
function creatinineAt(state: State): number {
  if (state.age < 18) return 0.3 + 0.03 * state.age + state.noise('creatinine') * 0.2;
  const [kappa, alpha] = state.female ? [0.7, -0.241] : [0.9, -0.302];
  const share = filtrationAt(state) / (142 * 0.9938 ** state.age * (state.female ? 1.012 : 1));
  return kappa * share ** (share <= 1 ? -1 / 1.2 : 1 / alpha);
}

function ldlAt(state: State): number {
  const raised = state.nearing('hyperlipidemia') ?? state.nearing('coronary');
  const relief = Math.max(state.relief('hyperlipidemia', 1.2), state.relief('coronary', 1.2));
  const untreated = 104 + state.noise('ldl') + (raised === undefined ? 0 : 67 * ramp(raised, 8));
  return untreated * (1 - 0.44 * relief) - (state.age < 20 ? 12 : 0);
}

const hdlAt = (state: State): number =>
  49 + (state.female ? 8 : 0) + state.noise('hdl') - present(state.years('diabetes'), 5);

const triglyceridesAt = (state: State): number =>
  105 +
  state.noise('triglycerides') +
  present(state.years('diabetes'), 55) +
  present(state.years('obesity'), 25);

function hemoglobinAt(state: State): number {
  const well = (state.age < 12 ? 12.4 : state.female ? 13.5 : 15) + state.noise('hemoglobin');
  const lacking = state.years('anemia') === undefined ? 0 : 3.6 * (1 - state.relief('anemia', 2.5));
  return well - lacking - present(state.years('kidney'), 1.3) - present(state.years('pregnancy'), 1.3);
}

const mcvAt = (state: State): number =>
  89 + state.noise('mcv') - (state.years('anemia') === undefined ? 0 : 15 * (1 - state.relief('anemia', 3)));

const LEVELS: Readonly<Partial<Record<AnalyteKey, (state: State) => number>>> = {
  a1c: a1cAt,
  glucose: (state) =>
    state.years('diabetes') === undefined
      ? 88 + state.noise('glucose')
      : 28.7 * a1cAt(state) - 66 + 2 * state.noise('glucose'),
  filtration: filtrationAt,
  creatinine: creatinineAt,
  urea: (state) => 14 + state.noise('urea') + present(state.years('kidney'), 13),
  potassium: (state) => 4.2 + state.noise('potassium') + present(state.years('kidney'), 0.45),
  bicarbonate: (state) => 25.5 + state.noise('bicarbonate') - present(state.years('kidney'), 2.5),
  ldl: ldlAt,
  hdl: hdlAt,
  triglycerides: triglyceridesAt,
  // Rounded first, so that the parts add up to the sum that is reported.
  cholesterol: (state) => rounded(ldlAt(state)) + rounded(hdlAt(state)) + rounded(triglyceridesAt(state)) / 5,
  albuminRatio: (state) => {
    const diabetic = present(state.years('diabetes'), 16 + 2.2 * (state.years('diabetes') ?? 0));
    return 11 + state.noise('albuminRatio') + diabetic + present(state.years('kidney'), 74);
  },
  hemoglobin: hemoglobinAt,
  hematocrit: (state) => 2.97 * hemoglobinAt(state),
  mcv: mcvAt,
  erythrocytes: (state) => (29.7 * hemoglobinAt(state)) / mcvAt(state),
  leukocytes: (state) =>
    6.8 +
    state.noise('leukocytes') +
    present(state.years('appendicitis'), 8) +
    present(state.years('pneumonia'), 7),
  ferritin: (state) =>
    state.years('anemia') === undefined
      ? 85 + state.noise('ferritin')
      : 8 + 38 * state.relief('anemia', 4) + 0.1 * state.noise('ferritin'),
  thyrotropin: (state) => {
    const raised =
      state.years('hypothyroidism') === undefined ? 0 : 9.6 * (1 - state.relief('hypothyroidism', 2));
    return 1.9 + state.noise('thyrotropin') + raised;
  },
  urate: (state) =>
    5.4 +
    state.noise('urate') +
    (state.years('gout') === undefined ? 0 : 3.1 * (1 - 0.9 * state.relief('gout', 2))),
  natriuretic: (state) => {
    const failing =
      state.years('heartFailure') === undefined ? 0 : 2600 - 1500 * state.relief('heartFailure', 2);
    return 60 + 4 * Math.max(0, state.age - 50) + state.noise('natriuretic') + failing;
  },
};
