/** Immunizations on schedule, given at the visit that comes next. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-immunization.html */
import type { Immunization } from '@medplum/fhirtypes';
import {
  ageAt,
  dateText,
  dayAtAge,
  DAYS_A_MONTH,
  monthOf,
  spokenDate,
  timeText,
  yearOf,
} from './calendar.ts';
import type { Day } from './calendar.ts';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, narrative, quantity } from './datatypes.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { chanceOf } from './life.ts';
import { location, organization, practitioner } from './places.ts';
import { SERIES, vaccine } from './tables/vaccines.ts';
import type { VaccineKey } from './tables/vaccines.ts';
import type { Life } from './treatments.ts';
import type { VisitKind } from './tables/visits.ts';
import type { Visit } from './visits.ts';

/** One dose that was given (or refused) at a visit, or given elsewhere before the record began. */
export interface Dose {
  readonly vaccine: VaccineKey;
  readonly number: number;
  readonly day: Day;
  readonly visit?: Visit;
  readonly refused: boolean;
}

const GIVES: readonly VisitKind[] = ['wellChild', 'physical', 'followUp', 'prenatal'];
/** Doses that the patient still tells of when they came to the practice as an adult. */
const REMEMBERED: readonly VaccineKey[] = ['mmr', 'tdap', 'hpv', 'meningococcal'];
/** Days between two doses of one vaccine at the least. */
const INTERVAL = 24;

/** All doses of a life in the order of the schedule. */
export function dosesOf(life: Life): readonly Dose[] {
  const series = SERIES.flatMap((row) => seriesDoses(life, row.vaccine, row.months, row.since, row.until));
  return [
    ...series,
    ...yearly(life, 'influenza', [9, 10, 11, 12], 0.72, 6),
    ...yearly(life, 'covid', [9, 10, 11], 0.4, 144),
  ];
}

function seriesDoses(
  life: Life,
  key: VaccineKey,
  months: readonly number[],
  since: number,
  until = Infinity,
): Dose[] {
  const rng = chanceOf(life, 'series', key, since);
  // A few families put one vaccine off; the refusal stands in the record once.
  const refuses = key === 'rotavirus' ? rng.chance(0.15) || life.person.role?.given === 'Noah' : false;
  const doses: Dose[] = [];
  let earliest = -Infinity;
  for (const [index, month] of months.entries()) {
    const { birth } = life.person;
    const due = Math.max(birth + Math.round(month * DAYS_A_MONTH) - 4, birth, earliest);
    const dose = doseAt(life, key, due, index + 1, refuses);
    if (!dose || yearOf(dose.day) < since || yearOf(due) > until) continue;
    doses.push(dose);
    earliest = dose.day + INTERVAL;
    if (dose.refused) break;
  }
  return doses;
}

function doseAt(life: Life, key: VaccineKey, due: Day, number: number, refused: boolean): Dose | undefined {
  if (due < life.since - 2) {
    return REMEMBERED.includes(key) && life.since > life.person.birth
      ? { vaccine: key, number, day: due, refused: false }
      : undefined;
  }
  const visit = life.visits.find(({ day, kind }) => day >= due && GIVES.includes(kind));
  // A dose that is years late is another schedule's matter.
  return visit && visit.day - due < 500
    ? { vaccine: key, number, day: visit.day, visit, refused }
    : undefined;
}

/** Once each season, at a visit in its months, for those who take it and are old enough (months). */
function yearly(
  life: Life,
  key: VaccineKey,
  season: readonly number[],
  share: number,
  fromMonths: number,
): Dose[] {
  const seasons = new Map<number, Visit>();
  const first = key === 'covid' ? 2023 : 2000;
  for (const visit of life.visits) {
    const old = ageAt(life.person.birth, visit.day) * 12 >= fromMonths;
    const year = yearOf(visit.day);
    const open = season.includes(monthOf(visit.day)) && GIVES.includes(visit.kind) && year >= first;
    if (old && open && !seasons.has(year)) seasons.set(year, visit);
  }
  return [...seasons].flatMap(([year, visit]): Dose[] =>
    chanceOf(life, key, year).chance(share)
      ? [{ vaccine: key, number: 1, day: visit.day, visit, refused: false }]
      : [],
  );
}

const SITES: Readonly<Record<'arm' | 'thigh', Code>> = {
  arm: ['snomed', '368208006', 'Left upper arm structure'],
  thigh: ['snomed', '61396006', 'Left thigh'],
};
const INTRAMUSCULAR: Code = ['snomed', '78421000', 'Intramuscular route'];
const ORAL: Code = ['snomed', '26643006', 'Oral route'];

export function writeDose(chart: Chart, life: Life, dose: Dose): void {
  const row = vaccine(dose.vaccine);
  const { visit } = dose;
  const word = dose.refused ? 'declined' : 'given';
  put<Immunization>(
    chart,
    `${dose.vaccine}-${dose.number}-${dose.day}`,
    {
      resourceType: 'Immunization',
      status: dose.refused ? 'not-done' : 'completed',
      ...(dose.refused && { statusReason: concept(['actReason', 'PATOBJ', 'patient objection']) }),
      vaccineCode: conceptSaid(row.label, ['cvx', row.cvx, row.display]),
      patient: subjectOf(chart, life),
      ...(visit && { encounter: encounterOf(chart, visit) }),
      occurrenceDateTime: visit ? timeText(visit.start + 18) : dateText(dose.day),
      ...(!visit && life.visits[0] && { recorded: timeText(life.visits[0].start + 9) }),
      primarySource: visit !== undefined,
      ...(!visit && { reportOrigin: conceptSaid("Patient's written record") }),
      ...(visit && !dose.refused && given(chart, life, dose, visit)),
      ...(!dose.refused && { protocolApplied: [{ doseNumberPositiveInt: dose.number }] }),
    },
    {
      profile: usCore('us-core-immunization'),
      text: narrative(`${row.label} vaccine, dose ${dose.number}, ${word} ${spokenDate(dose.day)}`),
    },
  );
}

function given(chart: Chart, life: Life, dose: Dose, visit: Visit): Partial<Immunization> {
  const row = vaccine(dose.vaccine);
  const rng = chanceOf(life, 'lot', dose.vaccine, dose.day);
  return {
    location: location(chart.seed, visit.at),
    manufacturer: { display: row.manufacturer },
    lotNumber: `${rng.pick(['A', 'K', 'R', 'T'])}${rng.int(10_000, 99_999)}`,
    expirationDate: dateText(dayAtAge(dose.day, rng.real(0.5, 1.5))),
    ...(row.site !== 'mouth' && { site: concept(SITES[row.site]) }),
    route: concept(row.site === 'mouth' ? ORAL : INTRAMUSCULAR),
    doseQuantity: quantity(row.site === 'mouth' ? 2 : 0.5, 'mL'),
    performer: [
      { actor: practitioner(chart.seed, 'nurse') },
      { actor: organization(chart.seed, visit.organization) },
    ],
  };
}
