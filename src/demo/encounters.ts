/** Encounters, and the elements that everything done at a visit shares. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-encounter.html */
import type {
  Condition,
  Encounter,
  EncounterHospitalization,
  Observation,
  Patient,
  Procedure,
  Reference,
} from '@medplum/fhirtypes';
import { spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES, SYSTEMS, usCore } from './codes.ts';
import { concept, narrative, period, quantity } from './datatypes.ts';
import type { Background } from './life.ts';
import { nameOf } from './people.ts';
import { location, locationRow, organization, practitioner, spokenPractitioner } from './places.ts';
import { procedure } from './tables/procedures.ts';
import { VISIT_KINDS } from './tables/visits.ts';
import type { Visit } from './visits.ts';

export const subjectOf = (chart: Chart, life: Background): Reference<Patient> =>
  link(chart, 'Patient', 'patient', nameOf(life.person));

export const encounterOf = (chart: Chart, visit: Visit): Reference<Encounter> =>
  link(chart, 'Encounter', visit.key);

type Seen = Required<Pick<Observation, 'subject' | 'encounter' | 'effectiveDateTime' | 'performer'>>;

/** Who it is about, at which visit, when (in minutes after its start) and by whom. */
export const whenSeen = (chart: Chart, life: Background, visit: Visit, minutes: number): Seen => ({
  subject: subjectOf(chart, life),
  encounter: encounterOf(chart, visit),
  effectiveDateTime: timeText(visit.start + minutes),
  performer: [practitioner(chart.seed, visit.by)],
});

/** Why the patient came, as in the heading of a note. */
export function reasonOf(visit: Visit): string {
  const [first] = visit.found;
  if (first) return first.row.label;
  const [planned] = visit.procedures;
  if (planned && (visit.kind === 'outpatient' || visit.kind === 'inpatient')) return procedure(planned).label;
  if (visit.kind === 'wellChild' || visit.kind === 'physical')
    return VISIT_KINDS[visit.kind].title.toLowerCase();
  const labels = visit.followed.map(({ row }) => row.label);
  return labels.length > 0
    ? `follow-up of ${labels.join(', ')}`
    : VISIT_KINDS[visit.kind].title.toLowerCase();
}

const DISPOSITIONS = {
  home: ['01', 'Discharged to home care or self care (routine discharge)'],
  homeHealth: [
    '06',
    'Discharged/transferred to home under care of organized home health service organization',
  ],
  expired: ['20', 'Expired'],
} as const;

function hospitalization(visit: Visit): EncounterHospitalization {
  const kneeStay = visit.procedures.includes('kneeReplacement');
  const [code, display] = visit.fatal
    ? DISPOSITIONS.expired
    : kneeStay
      ? DISPOSITIONS.homeHealth
      : DISPOSITIONS.home;
  const source =
    visit.procedures.length > 0 && visit.found.length === 0
      ? (['gp', 'General Practitioner referral'] as const)
      : (['emd', 'From accident/emergency department'] as const);
  return {
    admitSource: concept(['admitSource', ...source]),
    dischargeDisposition: concept(['nubc', code, display]),
  };
}

const STAYS: readonly string[] = ['inpatient', 'emergency'];

type Reasons = Pick<Encounter, 'reasonCode' | 'reasonReference' | 'diagnosis'>;

/** Why the patient came: problems, planned procedures, or the kind of visit itself. */
function reasonElements(chart: Chart, visit: Visit): Reasons {
  const courses = [...visit.found, ...visit.followed];
  const planned = visit.procedures.filter(
    (key) => procedure(key).ordered && visit.kind !== 'followUp' && visit.found.length === 0,
  );
  const references = [
    ...courses.map(({ key, row }) => link<Condition>(chart, 'Condition', key, row.snomed[1])),
    ...planned.map((key) =>
      link<Procedure>(chart, 'Procedure', `${key}-${visit.key}`, procedure(key).snomed[1]),
    ),
  ];
  const diagnosis = visit.found.map(({ key }, index) => ({
    condition: link<Condition>(chart, 'Condition', key),
    use: concept(['diagnosisRole', 'AD', 'Admission diagnosis']),
    rank: index + 1,
  }));
  return {
    reasonCode:
      courses.length > 0
        ? courses.map(({ row }) => concept(['snomed', ...row.snomed]))
        : [{ text: reasonOf(visit) }],
    ...(references.length > 0 && { reasonReference: references }),
    ...(diagnosis.length > 0 && { diagnosis }),
  };
}

export function writeEncounter(chart: Chart, life: Background, visit: Visit): void {
  const kind = VISIT_KINDS[visit.kind];
  const [code, display] = kind.class;
  const when = period(visit.start, visit.end);
  const performer = {
    type: [concept(['participation', 'PPRF', 'primary performer'])],
    period: when,
    individual: practitioner(chart.seed, visit.by),
  };
  put<Encounter>(
    chart,
    visit.key,
    {
      resourceType: 'Encounter',
      identifier: [
        { system: NAMESPACES.encounter, value: `V${chart.seed}-${life.person.number}-${visit.key}` },
      ],
      status: 'finished',
      class: { system: SYSTEMS.actCode, code, display },
      type: [concept(kind.type)],
      subject: subjectOf(chart, life),
      participant: [performer],
      period: when,
      length: quantity(visit.end - visit.start, 'min'),
      ...reasonElements(chart, visit),
      ...(STAYS.includes(visit.kind) && { hospitalization: hospitalization(visit) }),
      location: [{ location: location(chart.seed, visit.at), status: 'completed', period: when }],
      serviceProvider: organization(chart.seed, visit.organization),
    },
    {
      profile: usCore('us-core-encounter'),
      text: narrative(
        `${kind.title} on ${spokenDate(visit.day)} at ${locationRow(visit.at).name}, with ${spokenPractitioner(visit.by)}.`,
        `Reason: ${reasonOf(visit)}.`,
      ),
    },
  );
}
