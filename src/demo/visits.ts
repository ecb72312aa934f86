/** The visits of a life: routine ones on schedule, follow-ups of lasting problems, and what acute illness and planned procedures bring. */
import { ageAt, at, dayAtAge, dayOfMoment, DAYS_A_MONTH, DAYS_A_YEAR, workday } from './calendar.ts';
import type { Day, Moment } from './calendar.ts';
import type { Code } from './codes.ts';
import { chanceOf, isActive } from './life.ts';
import type { Background, Course } from './life.ts';
import type { LocationKey, OrganizationKey, PractitionerKey } from './tables/network.ts';
import { procedure } from './tables/procedures.ts';
import type { ProcedureKey } from './tables/procedures.ts';

export type VisitKind =
  | 'wellChild'
  | 'physical'
  | 'followUp'
  | 'problem'
  | 'video'
  | 'prenatal'
  | 'urgent'
  | 'emergency'
  | 'inpatient'
  | 'outpatient';

export interface KindRow {
  readonly type: Code;
  /** v3-ActCode class of the encounter. */
  readonly class: readonly [code: string, display: string];
  readonly minutes: number;
  readonly cpt: string;
  readonly fee: number;
  readonly title: string;
}

const AMBULATORY = ['AMB', 'ambulatory'] as const;

export const VISIT_KINDS: Readonly<Record<VisitKind, KindRow>> = {
  wellChild: {
    type: ['snomed', '410620009', 'Well child visit'],
    class: AMBULATORY,
    minutes: 25,
    cpt: '99392',
    fee: 165,
    title: 'Well child visit',
  },
  physical: {
    type: ['snomed', '185349003', 'Encounter for check up'],
    class: AMBULATORY,
    minutes: 35,
    cpt: '99396',
    fee: 210,
    title: 'Annual physical',
  },
  followUp: {
    type: ['snomed', '390906007', 'Follow-up encounter'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99214',
    fee: 155,
    title: 'Follow-up visit',
  },
  problem: {
    type: ['snomed', '185347001', 'Encounter for problem'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99213',
    fee: 128,
    title: 'Office visit',
  },
  video: {
    type: ['snomed', '448337001', 'Telemedicine consultation with patient'],
    class: ['VR', 'virtual'],
    minutes: 15,
    cpt: '99442',
    fee: 96,
    title: 'Video visit',
  },
  prenatal: {
    type: ['snomed', '424619006', 'Prenatal visit'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99214',
    fee: 140,
    title: 'Prenatal visit',
  },
  urgent: {
    type: ['snomed', '185347001', 'Encounter for problem'],
    class: AMBULATORY,
    minutes: 40,
    cpt: '99203',
    fee: 190,
    title: 'Urgent care visit',
  },
  emergency: {
    type: ['snomed', '50849002', 'Emergency room admission'],
    class: ['EMER', 'emergency'],
    minutes: 190,
    cpt: '99284',
    fee: 860,
    title: 'Emergency visit',
  },
  inpatient: {
    type: ['snomed', '32485007', 'Hospital admission'],
    class: ['IMP', 'inpatient encounter'],
    minutes: 0,
    cpt: '99223',
    fee: 2400,
    title: 'Hospital stay',
  },
  outpatient: {
    type: ['snomed', '371883000', 'Outpatient procedure'],
    class: AMBULATORY,
    minutes: 60,
    cpt: '99211',
    fee: 60,
    title: 'Procedure visit',
  },
};

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

/** What a day calls for, before it is merged with what else is due around it. */
interface Wish {
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
const LATEST_FINDING = 125;
/** Follow-ups that fall due within this many days after an office visit are taken care of there. */
const MERGE_DAYS = 40;
/** Kinds that others may join, in rising order of importance: the group takes the greatest. */
const MERGEABLE: readonly VisitKind[] = ['video', 'followUp', 'problem', 'physical', 'wellChild'];

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

/** The intervention that a problem leads to, if it comes to that within the record; a heart attack is how its problem is found. */
function eventOf(life: Background, course: Course): Wish[] {
  const event = course.row.event;
  const rng = chanceOf(life, 'event', course.key);
  if (!event || !(rng.chance(event.share) || life.person.role)) return [];
  const sudden = event.years[1] === 0;
  const day =
    course.onset + (sudden ? 0 : Math.round(rng.real(...event.years) * DAYS_A_YEAR) + LATEST_FINDING + 5);
  const nights = procedure(event.procedure).stay;
  if (day < life.since + 30 || day > life.last - 20) return [];
  const kind = nights > 0 ? 'inpatient' : 'outpatient';
  const stay = { day, kind, procedure: event.procedure, nights } as const;
  return [
    sudden ? { ...stay, found: course } : { ...stay, followed: course },
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

/** All visits of the record in order of time. */
export function visitsOf(life: Background): readonly Visit[] {
  const wishes = [
    ...routine(life),
    ...life.courses.flatMap((course) =>
      course.row.course === 'chronic' ? lasting(life, course) : acute(life, course),
    ),
    ...screening(life),
  ].filter(({ day }) => day >= life.since && day <= life.last);
  const groups = mergeWishes(wishes.sort((one, other) => one.day - other.day));
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
