/** The course of a life: which problems came when, which visits they led to, and which medicines were begun and stopped at those visits. */
import { ageAt, dayAtAge, DAYS_A_MONTH, DAYS_A_YEAR } from './calendar.ts';
import type { Day } from './calendar.ts';
import { rngOf } from './rng.ts';
import type { Key, Rng } from './rng.ts';
import { personAt } from './people.ts';
import type { Person } from './people.ts';
import { problem, problemKeys } from './tables/problems.ts';
import type { Problem, ProblemKey } from './tables/problems.ts';

/** One problem in one life. */
export interface Course {
  readonly key: string;
  readonly problem: ProblemKey;
  readonly row: Problem;
  readonly onset: Day;
  readonly ended?: Day;
}

export interface Background {
  readonly seed: number;
  readonly person: Person;
  readonly asOf: Day;
  /** First and last day of the electronic record. */
  readonly since: Day;
  readonly last: Day;
  /** In order of onset. */
  readonly courses: readonly Course[];
}

/** The stream of chance for a topic of one life. */
export const chanceOf = (life: Pick<Background, 'seed' | 'person'>, ...topic: readonly Key[]): Rng =>
  rngOf(life.seed, 'patient', life.person.number, ...topic);

const ADULT = 18;

/** Children are followed from birth; adults since they joined the practice, some years ago. */
function recordStart(rng: Rng, person: Person, last: Day): Day {
  if (ageAt(person.birth, last) < ADULT + 1) return person.birth;
  const years = person.role ? rng.real(7.5, 8.5) : rng.real(2.5, 7.5);
  return Math.max(last - Math.round(years * DAYS_A_YEAR), dayAtAge(person.birth, ADULT));
}

export function backgroundOf(seed: number, number: number, asOf: Day): Background {
  const person = personAt(seed, number, asOf);
  const last = Math.min(asOf - 1, person.death ?? asOf - 1);
  const start = { seed, person };
  const since = recordStart(chanceOf(start, 'since'), person, last);
  const courses = (person.role ? castCourses(start, last) : drawnCourses(start, since, last)).sort(byOnset);
  return { seed, person, asOf, since, last, courses };
}

const byOnset = (one: Course, other: Course): number => one.onset - other.onset;

function courseFrom(rng: Rng, key: string, name: ProblemKey, onset: Day, last: Day): Course {
  const row = problem(name);
  const lasts = row.days
    ? rng.int(...row.days)
    : row.years && Math.round(rng.real(...row.years) * DAYS_A_YEAR);
  if (lasts === undefined) return { key, problem: name, row, onset };
  const ended = onset + lasts;
  return { key, problem: name, row, onset, ...(ended <= last && { ended }) };
}

function castCourses(start: Pick<Background, 'seed' | 'person'>, last: Day): Course[] {
  const rng = chanceOf(start, 'cast');
  return (start.person.role?.problems ?? []).map(([name, age], index) =>
    courseFrom(rng, `${name}-${index}`, name, dayAtAge(start.person.birth, age), last),
  );
}

function drawnCourses(start: Pick<Background, 'seed' | 'person'>, since: Day, last: Day): Course[] {
  const had = new Set<string>();
  return problemKeys.flatMap((name) => {
    const row = problem(name);
    if ((row.sex && row.sex !== start.person.sex) || (row.after !== undefined && !had.has(row.after)))
      return [];
    const rng = chanceOf(start, 'course', name);
    const onsets =
      row.course === 'chronic'
        ? lastingOnset(rng, row, start.person)
        : episodes(rng, row, start.person, since, last);
    const courses = onsets
      .filter((onset) => onset < last - SETTLED)
      .map((onset, index) => courseFrom(rng, `${name}-${index}`, name, onset, last));
    if (courses.length > 0) had.add(name);
    return courses;
  });
}

/** A problem that began in the last weeks would be in the record without its visit. */
const SETTLED = 45;

function lastingOnset(rng: Rng, row: Problem, person: Person): Day[] {
  const [from, to] = row.ages;
  return rng.chance(row.share) ? [dayAtAge(person.birth, rng.real(from, to))] : [];
}

/** Episodes in the years of the record and of the right age; at least half a year apart. */
function episodes(rng: Rng, row: Problem, person: Person, since: Day, last: Day): Day[] {
  const from = Math.max(since + 30, dayAtAge(person.birth, row.ages[0]));
  const to = Math.min(last - SETTLED, dayAtAge(person.birth, row.ages[1]));
  const gap = (row.days?.[1] ?? 0) + 6 * DAYS_A_MONTH;
  const found: Day[] = [];
  for (let day = from; day < to; day += DAYS_A_MONTH) {
    const onset = Math.round(day + rng.real(0, 25));
    const free = found.every((other) => onset - other > gap);
    if (rng.chance(row.share / 12) && free && onset < to) found.push(onset);
  }
  return found;
}

/** True if the course has begun and has not ended on the day. */
export const isActive = (course: Course, day: Day): boolean =>
  course.onset <= day && (course.ended === undefined || course.ended >= day);

/** The first course of the problem that is active on the day. */
export const activeCourse = (
  life: Pick<Background, 'courses'>,
  name: ProblemKey,
  day: Day,
): Course | undefined => life.courses.find((course) => course.problem === name && isActive(course, day));
