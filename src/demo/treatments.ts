/** Which medicine was begun at which visit, and when it was stopped or replaced. An allergy changes the choice. */
import type { Day } from './calendar.ts';
import { chanceOf } from './life.ts';
import type { Background, Course } from './life.ts';
import { ALLERGIES } from './tables/allergies.ts';
import type { MedicineKey } from './tables/medicines.ts';
import type { Step } from './tables/problems.ts';
import type { Visit } from './visits.ts';

export interface Treatment {
  readonly key: string;
  readonly course: Course;
  readonly medicine: MedicineKey;
  readonly visit: Visit;
  /** Taken since; earlier than the visit where a new patient brought it along. */
  readonly start: Day;
  readonly stop?: Day;
  /** The next step took its place. */
  readonly replaced: boolean;
}

/** A whole life: the background, the visits and the treatments that came of them. */
export interface Life extends Background {
  readonly visits: readonly Visit[];
  readonly treatments: readonly Treatment[];
}

const OFFICE: readonly string[] = ['physical', 'followUp', 'problem', 'wellChild', 'video', 'prenatal'];

/** Medicines of one class, weakest first: only one of them is taken at a time. */
const CLASSES: readonly (readonly MedicineKey[])[] = [
  ['escitalopram10', 'sertraline50'],
  ['atorvastatin20', 'atorvastatin80'],
];

export function treatmentsOf(life: Background, visits: readonly Visit[]): readonly Treatment[] {
  const all = life.courses.flatMap((course) => courseTreatments(life, visits, course));
  // One medicine may serve two problems: the earlier prescription stands.
  const distinct = all.filter((one, index) => !all.slice(0, index).some((other) => sameDrug(one, other)));
  return distinct.flatMap((one) => withinClass(one, distinct));
}

const sameDrug = (one: Treatment, other: Treatment): boolean =>
  one.medicine === other.medicine && (other.stop === undefined || other.stop > one.start);

/** A stronger medicine of the class ends a weaker one, or keeps it from being begun. */
function withinClass(treatment: Treatment, all: readonly Treatment[]): Treatment[] {
  const names = CLASSES.find((one) => one.includes(treatment.medicine)) ?? [];
  const stronger = names.slice(names.indexOf(treatment.medicine) + 1);
  const rival = all.find(({ medicine }) => stronger.includes(medicine));
  if (!rival) return [treatment];
  if (rival.visit.day <= treatment.visit.day) return [];
  const stop = Math.min(rival.visit.day, treatment.stop ?? Infinity);
  return [{ ...treatment, stop, replaced: stop === rival.visit.day }];
}

function courseTreatments(life: Background, visits: readonly Visit[], course: Course): Treatment[] {
  const rng = chanceOf(life, 'treatment', course.key);
  const found = visits.find((visit) => visit.found.includes(course));
  const seen = found?.day ?? course.onset + 60;
  const begun = course.row.steps.flatMap((step, index): Treatment[] => {
    const reached = rng.chance(step.share ?? 1);
    const medicine = choice(life, step.medicine);
    const visit =
      medicine && reached
        ? visitFor(visits, course, seen + step.after, step.after === 0 ? found : undefined)
        : undefined;
    if (!visit || !medicine) return [];
    const start = Math.max(Math.min(visit.day, seen + step.after), course.onset);
    return [
      {
        key: `${course.key}-${index}-${medicine}`,
        course,
        medicine,
        visit,
        start: visit === found ? visit.day : start,
        replaced: false,
      },
    ];
  });
  return begun
    .map((treatment) => stopped(life, treatment, begun))
    .filter((one) => one.stop === undefined || one.stop > one.visit.day);
}

function visitFor(visits: readonly Visit[], course: Course, due: Day, found?: Visit): Visit | undefined {
  const concerns = (visit: Visit): boolean => visit.followed.includes(course) || OFFICE.includes(visit.kind);
  return (
    found ??
    visits.find(
      (visit) =>
        visit.day >= due && concerns(visit) && (course.ended === undefined || visit.day <= course.ended),
    )
  );
}

function choice(life: Background, medicine: MedicineKey): MedicineKey | undefined {
  const allergy = ALLERGIES.find(({ key }) => key === life.person.allergy);
  return allergy?.avoid?.includes(medicine) ? allergy.instead : medicine;
}

function stopped(life: Background, treatment: Treatment, siblings: readonly Treatment[]): Treatment {
  const step: Step | undefined = treatment.course.row.steps[Number(treatment.key.split('-').at(-2))];
  if (step?.until === 'next') {
    const next = siblings[siblings.indexOf(treatment) + 1];
    return next ? { ...treatment, stop: next.visit.day, replaced: true } : treatment;
  }
  const stop = step?.until === undefined ? life.person.death : treatment.start + step.until;
  if (stop === undefined || stop <= life.last) return stop === undefined ? treatment : { ...treatment, stop };
  return life.person.death === undefined ? treatment : { ...treatment, stop: life.person.death };
}

/** True if the medicine of the treatment is taken on the day. */
export const isTaken = ({ start, stop }: Treatment, day: Day): boolean =>
  start <= day && (stop === undefined || stop > day);
