/** What a life calls for: routine visits on schedule, follow-ups of lasting problems, and what acute illness and planned procedures bring. */
import { ageAt, dayAtAge, DAYS_A_MONTH, DAYS_A_YEAR } from './calendar.ts';
import type { Day } from './calendar.ts';
import { chanceOf, isActive } from './life.ts';
import type { Background, Course } from './life.ts';
import { procedure } from './tables/procedures.ts';
import type { ProcedureKey } from './tables/procedures.ts';
import type { VisitKind } from './tables/visits.ts';

/** What a day calls for, before it is merged with what else is due around it. */
export interface Wish {
  readonly day: Day;
  readonly kind: VisitKind;
  readonly found?: Course;
  readonly followed?: Course;
  readonly procedure?: ProcedureKey;
  readonly nights?: number;
  readonly first?: boolean;
}

const ADULT = 19;
/** Days from the onset of a lasting problem until a visit has surely found it. */
export const LATEST_FINDING = 125;
const WELL_CHILD_MONTHS: readonly number[] = [0.13, 1, 2, 4, 6, 9, 12, 15, 18, 24, 30];

function routine(life: Background): Wish[] {
  const { birth } = life.person;
  const rng = chanceOf(life, 'routine');
  if (life.since > birth) return physicals(life, life.since);
  const early = WELL_CHILD_MONTHS.map((month) => birth + Math.round(month * DAYS_A_MONTH) + rng.int(0, 4));
  const yearly = Array.from({ length: ADULT - 3 }, (_, index) => dayAtAge(birth, index + 3) + rng.int(0, 25));
  const asChild = [...early, ...yearly].map((day): Wish => ({ day, kind: 'wellChild' }));
  return [...asChild, ...physicals(life, dayAtAge(birth, ADULT))];
}

/** Adults come yearly if they are over fifty or have a lasting problem, else every other year. */
function physicals(life: Background, begin: Day): Wish[] {
  const rng = chanceOf(life, 'physicals');
  const wishes: Wish[] = [];
  let day = begin + rng.int(0, 12);
  while (day <= life.last) {
    wishes.push({ day, kind: 'physical', first: wishes.length === 0 && life.since > life.person.birth });
    const now = day;
    const needy =
      ageAt(life.person.birth, day) > 50 ||
      life.courses.some((one) => one.row.course === 'chronic' && isActive(one, now));
    day += Math.round((needy ? 1 : 2) * DAYS_A_YEAR) + rng.int(-15, 40);
  }
  return wishes;
}

/** A lasting problem is found some weeks after it began (or is brought along), and followed at its interval. */
function lasting(life: Background, course: Course): Wish[] {
  const rng = chanceOf(life, 'follow', course.key);
  const seen = course.onset + rng.int(32, LATEST_FINDING - 5);
  const event = eventOf(life, course);
  if (event[0]?.found) return [...event, ...followUps(life, course, event[0].day + 60)];
  if (seen < life.since) return [...followUps(life, course, life.since + 120), ...event];
  if (seen > life.last) return [];
  const first: Wish = { day: seen, kind: 'problem', found: course };
  return [first, ...followUps(life, course, seen + 95), ...event];
}

function followUps(life: Background, course: Course, from: Day): Wish[] {
  const every = course.row.every;
  if (every === undefined) return [];
  const rng = chanceOf(life, 'interval', course.key);
  const until = Math.min(life.last, course.ended ?? Infinity);
  const wishes: Wish[] = [];
  let day = from;
  while (day <= until) {
    wishes.push({ day, kind: rng.chance(0.12) ? 'video' : 'followUp', followed: course });
    day += Math.round(every * DAYS_A_MONTH) + rng.int(-8, 30);
  }
  return wishes;
}

/** The day of the intervention that a problem leads to, if it ever does; a heart attack is how its problem is found. */
export function eventDay(life: Background, course: Course): Day | undefined {
  const event = course.row.event;
  const rng = chanceOf(life, 'event', course.key);
  if (!event || !(rng.chance(event.share) || life.person.role)) return undefined;
  const sudden = event.years[1] === 0;
  return (
    course.onset + (sudden ? 0 : Math.round(rng.real(...event.years) * DAYS_A_YEAR) + LATEST_FINDING + 5)
  );
}

/** The stay of the intervention and the look at it afterwards. */
function eventOf(life: Background, course: Course): Wish[] {
  const event = course.row.event;
  const day = eventDay(life, course);
  if (!event || day === undefined || day < life.since + 30 || day > life.last - 20) return [];
  const nights = procedure(event.procedure).stay;
  const kind = nights > 0 ? 'inpatient' : 'outpatient';
  const stay = { day, kind, procedure: event.procedure, nights } as const;
  return [
    event.years[1] === 0 ? { ...stay, found: course } : { ...stay, followed: course },
    { day: day + nights + 9, kind: 'followUp', followed: course },
  ];
}

const SETTING_KIND = {
  office: 'problem',
  urgent: 'urgent',
  emergency: 'emergency',
  inpatient: 'inpatient',
} as const;

function acute(life: Background, course: Course): Wish[] {
  if (course.problem === 'pregnancy') return pregnancy(life, course);
  const rng = chanceOf(life, 'acute', course.key);
  const kind = SETTING_KIND[course.row.setting];
  const day = course.onset + (course.row.setting === 'emergency' ? 0 : rng.int(1, 2));
  if (day < life.since || day > life.last) return [];
  const nights = kind === 'inpatient' ? rng.int(2, 4) : 0;
  const wish: Wish = { day, kind, found: course, nights };
  return kind === 'emergency' || kind === 'inpatient'
    ? [wish, { day: day + nights + 8, kind: 'followUp', followed: course }]
    : [wish];
}

/** Prenatal visits in weeks from the onset, which is four weeks of gestation; then the birth. */
function pregnancy(life: Background, course: Course): Wish[] {
  const rng = chanceOf(life, 'prenatal', course.key);
  const weeks = [5, 9, 13, 17, 21, 25, 29, 32, 34];
  const inTerm = (day: Day): boolean =>
    day > life.since && day <= life.last && (course.ended === undefined || day < course.ended - 3);
  const visits = weeks
    .map((week, index): Wish => {
      const day = course.onset + week * 7 + rng.int(0, 4);
      return { day, kind: 'prenatal', ...(index === 0 ? { found: course } : { followed: course }) };
    })
    .filter(({ day }) => inTerm(day));
  if (course.ended === undefined || course.ended < life.since || course.ended + 45 > life.last) return visits;
  const birth: Wish = {
    day: course.ended,
    kind: 'inpatient',
    followed: course,
    procedure: 'delivery',
    nights: 2,
  };
  return [...visits, birth, { day: course.ended + 40, kind: 'followUp', followed: course }];
}

/** Screening that is due by age: colonoscopy every ten years, mammogram every other year. */
function screening(life: Background): Wish[] {
  const rng = chanceOf(life, 'screening');
  const due = (ages: readonly number[], name: ProcedureKey): Wish[] =>
    ages.map((age) => ({
      day: dayAtAge(life.person.birth, age) + rng.int(40, 160),
      kind: 'outpatient',
      procedure: name,
    }));
  const everyOther = Array.from({ length: 13 }, (_, index) => 50 + 2 * index);
  return [
    ...due([50, 60, 70], 'colonoscopy'),
    ...(life.person.sex === 'female' ? due(everyOther, 'mammogram') : []),
  ];
}

/** All that is due between the first and the last day of the record, in order. */
export function wishesOf(life: Background): readonly Wish[] {
  const forCourses = life.courses.flatMap((course) =>
    course.row.course === 'chronic' ? lasting(life, course) : acute(life, course),
  );
  return [...routine(life), ...forCourses, ...screening(life)]
    .filter(({ day }) => day >= life.since && day <= life.last)
    .sort((one, other) => one.day - other.day);
}
