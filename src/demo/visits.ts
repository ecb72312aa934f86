/** The visits of a life: what is due, merged where it falls together, with who sees the patient and where. */
import { LATEST_FINDING, wishesOf } from './agenda.ts';
import type { Wish } from './agenda.ts';
import { ageAt, at, dayOfMoment, workday } from './calendar.ts';
import type { Day, Moment } from './calendar.ts';
import { chanceOf, isActive } from './life.ts';
import type { Background, Course } from './life.ts';
import type { LocationKey, OrganizationKey, PractitionerKey } from './tables/network.ts';
import { procedure } from './tables/procedures.ts';
import type { ProcedureKey } from './tables/procedures.ts';
import { VISIT_KINDS } from './tables/visits.ts';
import type { VisitKind } from './tables/visits.ts';

export interface Visit {
  readonly key: string;
  readonly kind: VisitKind;
  readonly day: Day;
  readonly start: Moment;
  readonly end: Moment;
  readonly by: PractitionerKey;
  readonly at: LocationKey;
  readonly organization: OrganizationKey;
  /** Problems that were first seen here, and those that were followed up. */
  readonly found: readonly Course[];
  readonly followed: readonly Course[];
  readonly procedures: readonly ProcedureKey[];
  /** The patient died in this stay. */
  readonly fatal: boolean;
  /** The first visit of a new patient who brings an earlier history. */
  readonly first: boolean;
}

/** Follow-ups that fall due within this many days after an office visit are taken care of there. */
const MERGE_DAYS = 40;
/** Kinds that others may join, in rising order of importance: the group takes the greatest. */
const MERGEABLE: readonly VisitKind[] = ['video', 'followUp', 'problem', 'physical', 'wellChild'];

/** All visits of the record in order of time. */
export function visitsOf(life: Background): readonly Visit[] {
  const groups = mergeWishes(wishesOf(life));
  const visits = groups.map((group, index) => visitFrom(life, group, index));
  return visits.filter(
    (visit) => dayOfMoment(visit.end) <= life.last && !visits.some((other) => isDuring(visit, other)),
  );
}

/** No one is at the clinic while in the hospital. */
const isDuring = (visit: Visit, other: Visit): boolean =>
  other !== visit && other.kind === 'inpatient' && visit.start >= other.start && visit.start <= other.end;

/** A group is one visit: its first wish sets day and kind. */
function mergeWishes(wishes: readonly Wish[]): readonly (readonly Wish[])[] {
  const groups: Wish[][] = [];
  for (const wish of wishes) {
    const host = groups.findLast(([lead]) => lead !== undefined && joins(wish, lead));
    if (host) host.push(wish);
    else groups.push([wish]);
  }
  return groups;
}

function joins(wish: Wish, lead: Wish): boolean {
  if (!MERGEABLE.includes(wish.kind) || !MERGEABLE.includes(lead.kind)) return false;
  if (wish.day - lead.day > MERGE_DAYS || wish.kind === 'wellChild') return false;
  // An acute illness neither waits for a visit in the future nor joins one in the past; what is found must have begun.
  if (lead.found?.row.course === 'acute' || wish.found?.row.course === 'acute') return false;
  const course = wish.found ?? wish.followed;
  return course === undefined || course.onset < lead.day;
}

/** The lead of a group, as important as the most important of it. */
function leadOf(group: readonly Wish[]): Wish {
  const lead = group[0]!;
  const rank = Math.max(...group.map(({ kind }) => MERGEABLE.indexOf(kind)));
  const first = group.some((wish) => wish.first === true);
  return rank < 0 ? lead : { ...lead, kind: MERGEABLE[rank]!, first };
}

function visitFrom(life: Background, group: readonly Wish[], index: number): Visit {
  const lead = leadOf(group);
  const rng = chanceOf(life, 'visit', lead.kind, lead.day);
  const unplanned = lead.kind === 'emergency' || lead.kind === 'inpatient' || lead.kind === 'urgent';
  const day = Math.min(unplanned ? lead.day : workday(lead.day), life.last);
  const start = at(day, rng.int(8, 16), 5 * rng.int(0, 11));
  const found = courses(group, 'found');
  // A physical looks at everything that lasts.
  const lasting = lead.kind === 'physical' ? life.courses.filter(({ row }) => row.course === 'chronic') : [];
  const carried = lasting.filter((one) => isActive(one, day) && isKnown(one, day, lead.first === true));
  const followed = [...new Set([...courses(group, 'followed'), ...carried])].filter(
    (one) => !found.includes(one),
  );
  const stayEnd = Math.min(day + (lead.nights ?? 0), life.last);
  const dies = lead.kind === 'inpatient' && life.person.death !== undefined && stayEnd >= life.last - 3;
  const leaves = dies ? at(life.last, 23) : at(Math.max(stayEnd, day + 1), 11, 20);
  const end = lead.kind === 'inpatient' ? leaves : start + VISIT_KINDS[lead.kind].minutes;
  return {
    key: `${index}-${lead.kind}-${day - life.person.birth}`,
    kind: lead.kind,
    day,
    start,
    end,
    ...staff(life, lead, day),
    found,
    followed,
    procedures: proceduresAt(lead, found, followed, day),
    fatal: dies,
    first: lead.first === true,
  };
}

/** Found at an earlier visit, or brought along by a new patient. */
const isKnown = (course: Course, day: Day, first: boolean): boolean =>
  first || course.onset + LATEST_FINDING < day;

const courses = (group: readonly Wish[], role: 'found' | 'followed'): Course[] => [
  ...new Set(group.flatMap((wish) => wish[role] ?? [])),
];

const FOLLOWING: readonly VisitKind[] = ['followUp', 'problem', 'physical'];

/** Tests that belong to a problem are done when it is found, and at a follow-up about every other year after. */
function proceduresAt(
  lead: Wish,
  found: readonly Course[],
  followed: readonly Course[],
  day: Day,
): readonly ProcedureKey[] {
  if (lead.kind === 'video') return [];
  const again = ({ onset, row }: Course): boolean =>
    row.course === 'chronic' && Math.floor((day - onset) / 60) % 10 === 4;
  const due = [...found, ...(FOLLOWING.includes(lead.kind) ? followed.filter(again) : [])];
  return [
    ...new Set([
      ...(lead.procedure ? [lead.procedure] : []),
      ...due.flatMap(({ row }) => row.procedures ?? []),
    ]),
  ];
}

type Staff = Pick<Visit, 'by' | 'at' | 'organization'>;

/** Who sees the patient, and where. The clinician of the demo has every other adult patient. */
function staff(life: Background, lead: Wish, day: Day): Staff {
  const { number, birth } = life.person;
  if (lead.kind === 'urgent') return { by: 'urgent', at: 'urgent', organization: 'urgent' };
  if (lead.kind === 'emergency') return { by: 'emergency', at: 'emergency', organization: 'hospital' };
  if (lead.kind === 'prenatal' || lead.procedure === 'delivery')
    return { by: 'obstetrician', at: 'birth', organization: 'hospital' };
  if (lead.kind === 'outpatient' || lead.kind === 'inpatient') return hospitalStaff(lead);
  if (ageAt(birth, day) < 18)
    return {
      by: number % 2 === 1 ? 'pediatrician' : 'pediatrician2',
      at: 'pediatrics',
      organization: 'pediatrics',
    };
  const by = number % 2 === 0 ? 'clinician' : 'family';
  return { by, at: lead.kind === 'video' ? 'virtual' : 'family', organization: 'family' };
}

function hospitalStaff({ procedure: name, found }: Wish): Staff {
  const surgical = found?.problem === 'appendicitis';
  const by = name ? procedure(name).by : 'primary';
  if (by === 'radiologist') return { by, at: 'imaging', organization: 'hospital' };
  if (by === 'cardiologist') return { by, at: 'ward', organization: 'hospital' };
  if (by === 'surgeon' || surgical) return { by: 'surgeon', at: 'surgery', organization: 'hospital' };
  return { by: 'hospitalist', at: 'ward', organization: 'hospital' };
}

export const primaryOf = (life: Background, day: Day): PractitionerKey =>
  staff(life, { day, kind: 'followUp' }, day).by;
