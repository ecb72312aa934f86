/** Who a patient is, from the cast or by chance. Nothing here is clinical. */
import { dayAtAge, DAYS_A_YEAR, dayOf } from './calendar.ts';
import type { Day } from './calendar.ts';
import { rngOf } from './rng.ts';
import type { Rng } from './rng.ts';
import { CAST } from './tables/cast.ts';
import type { Role } from './tables/cast.ts';
import { HERITAGES, JOBS, MIDDLE_INITIALS, STREETS, TOWNS } from './tables/names.ts';
import type { Heritage, Job, Town } from './tables/names.ts';

export interface Home {
  readonly line: string;
  readonly town: Town;
  readonly from: Day;
  readonly until?: Day;
}

export interface Parent {
  readonly given: string;
  readonly family: string;
  readonly relation: 'mother' | 'father';
  readonly phone: string;
  readonly email: string;
}

export interface Person {
  /** Place in the demo, from 0. */
  readonly number: number;
  readonly given: string;
  readonly middle: string;
  readonly family: string;
  readonly suffix?: string;
  readonly formerly?: { readonly family: string; readonly until: Day };
  readonly heritage: Heritage;
  readonly tribe?: readonly [code: string, display: string];
  readonly sex: 'female' | 'male';
  readonly gender: 'female' | 'male' | 'other';
  readonly birth: Day;
  readonly death?: Day;
  /** Newest first. */
  readonly homes: readonly [Home, ...Home[]];
  readonly phone: string;
  readonly email: string;
  readonly language: readonly [tag: string, display: string];
  readonly married: boolean;
  readonly job?: Job;
  readonly smoking: Role['smoking'];
  readonly orientation: 'heterosexual' | 'homosexual' | 'bisexual' | 'declined';
  readonly foodInsecure: boolean;
  readonly allergy?: string;
  readonly parent?: Parent;
  readonly role?: Role;
}

export const DEMO_AS_OF = '2026-11-01';

const ENGLISH = ['en', 'English'] as const;
const ADULT = 18;

/** Shares of the ages from which patients are drawn. */
const AGES: readonly (readonly [readonly [number, number], number])[] = [
  [[0.2, 5], 12],
  [[5, 18], 13],
  [[18, 40], 25],
  [[40, 65], 27],
  [[65, 80], 16],
  [[80, 94], 7],
];

export const nameOf = (person: Pick<Person, 'given' | 'family'>): string =>
  `${person.given} ${person.family}`;

const phoneIn = (rng: Rng, town: Town): string =>
  `(${town.areaCode}) 555-01${String(rng.int(0, 99)).padStart(2, '0')}`;

const mailbox = (given: string, family: string, number: number): string =>
  `${given}.${family}.${number}@example.org`.toLowerCase();

function homesOf(rng: Rng, birth: Day, asOf: Day): readonly [Home, ...Home[]] {
  const one = (from: Day, until?: Day): Home => ({
    line: `${rng.int(3, 480)} ${rng.pick(STREETS)}`,
    town: rng.pick(TOWNS),
    from,
    ...(until !== undefined && { until }),
  });
  const moved = asOf - rng.int(500, 4000);
  if (moved < birth + 5 * DAYS_A_YEAR) return [one(birth)];
  return rng.chance(0.3) ? [one(moved), one(birth, moved - 1)] : [one(birth)];
}

function parentOf(
  rng: Rng,
  heritage: Heritage,
  family: string,
  number: number,
  town: Town,
  role?: Role,
): Parent {
  const relation = role?.parent?.[1] ?? (rng.chance(0.75) ? 'mother' : 'father');
  const given = role?.parent?.[0] ?? rng.pick(relation === 'mother' ? heritage.female : heritage.male);
  return { given, family, relation, phone: phoneIn(rng, town), email: mailbox(given, family, number) };
}

function orientationOf(rng: Rng): Person['orientation'] {
  return rng.weighted([
    ['heterosexual', 84],
    ['homosexual', 5],
    ['bisexual', 6],
    ['declined', 5],
  ] as const);
}

const smokingOf = (rng: Rng): Person['smoking'] =>
  rng.weighted([
    ['never', 64],
    ['former', 21],
    ['daily', 9],
    ['some', 6],
  ] as const);

/** Birth and death: the old may have died in the last two years. */
function lifespan(rng: Rng, asOf: Day, role?: Role): { birth: Day; death?: Day } {
  if (role) {
    const death = role.died === undefined ? undefined : asOf - Math.round(role.died * DAYS_A_YEAR);
    const birth = dayAtAge(death ?? asOf, -role.age);
    return { birth, ...(death !== undefined && { death }) };
  }
  const [low, high] = rng.weighted(AGES);
  const age = rng.real(low, high);
  const birth = dayAtAge(asOf, -age);
  return age > 76 && rng.chance(0.3) ? { birth, death: asOf - rng.int(20, 700) } : { birth };
}

/** The person at a place in the demo. The same seed, place and date give the same person, however many others there are. */
export function personAt(seed: number, number: number, asOf: Day = dayOf(DEMO_AS_OF)): Person {
  const role = CAST[number];
  const rng = rngOf(seed, 'person', number);
  const drawn = rng.weighted(HERITAGES.map((one) => [one, one.weight] as const));
  const heritage = HERITAGES.find((one) => one.key === role?.heritage) ?? drawn;
  const life = lifespan(rng, asOf, role);
  const age = (asOf - life.birth) / DAYS_A_YEAR;
  const sex = role?.sex ?? (rng.chance(0.52) ? 'female' : 'male');
  const given = role?.given ?? rng.pick(sex === 'female' ? heritage.female : heritage.male);
  const family = role?.family ?? rng.pick(heritage.family);
  const homes = homesOf(rng, life.birth, asOf);
  const married = age > 25 && rng.chance(0.55);
  const maiden = rng.pick(heritage.family);
  const formerly =
    role?.formerly ??
    (sex === 'female' && married && maiden !== family && rng.chance(0.4)
      ? ([maiden, 25] as const)
      : undefined);
  const speaks = heritage.language;
  const drawnLanguage = speaks && rng.chance(speaks[2]) ? ([speaks[0], speaks[1]] as const) : ENGLISH;
  const suffix = role?.suffix ?? (sex === 'male' && rng.chance(0.05) ? 'Jr.' : undefined);
  return {
    number,
    given,
    middle: rng.pick(MIDDLE_INITIALS),
    family,
    ...(suffix !== undefined && { suffix }),
    ...(formerly && { formerly: { family: formerly[0], until: dayAtAge(life.birth, formerly[1]) } }),
    heritage,
    ...tribeOf(rng, heritage, role),
    sex,
    gender: role?.gender ?? sex,
    ...life,
    homes,
    phone: phoneIn(rng, homes[0].town),
    email: mailbox(given, family, number),
    language: role ? (role.language ?? ENGLISH) : drawnLanguage,
    married,
    ...(age >= ADULT && age < 66 && { job: rng.pick(JOBS) }),
    smoking: role?.smoking ?? (age < 16 ? 'never' : smokingOf(rng)),
    orientation: orientationOf(rng),
    foodInsecure: role?.foodInsecure ?? rng.chance(0.14),
    ...allergyOf(rng, role),
    ...(age < ADULT && { parent: parentOf(rng, heritage, family, number, homes[0].town, role) }),
    ...(role && { role }),
  };
}

function tribeOf(rng: Rng, heritage: Heritage, role?: Role): Pick<Person, 'tribe'> {
  if (role?.tribe) return { tribe: role.tribe };
  const navajo = CAST.find((one) => one.tribe)?.tribe;
  return heritage.key === 'navajo' && navajo && rng.chance(0.8) ? { tribe: navajo } : {};
}

function allergyOf(rng: Rng, role?: Role): Pick<Person, 'allergy'> {
  if (role) return role.allergy === undefined ? {} : { allergy: role.allergy };
  const drawn = rng.pick([
    'penicillin',
    'sulfonamide',
    'peanut',
    'latex',
    'bee',
    'shellfish',
    'pollen',
    'statin',
  ]);
  return rng.chance(0.32) ? { allergy: drawn } : {};
}
