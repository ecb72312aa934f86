/** Procedures and the orders they stand on. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-procedure.html */
import type { Procedure, ServiceRequest } from '@medplum/fhirtypes';
import { eventDay } from './agenda.ts';
import { dateText, dayAtAge, spokenDate, timeText, yearOf } from './calendar.ts';
import type { Day } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { usCore } from './codes.ts';
import { concept, conceptSaid, narrative, note, period } from './datatypes.ts';
import { doneAt, keyOf, reasonsOf } from './done.ts';
import type { Done } from './done.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { writeImplant } from './implants.ts';
import { chanceOf } from './life.ts';
import { location, organization, practitioner } from './places.ts';
import { writeReport, writeSpirometry } from './reports.ts';
import { EARLIER_PROCEDURES, procedure } from './tables/procedures.ts';
import type { ProcedureRow } from './tables/procedures.ts';
import type { Life } from './treatments.ts';
import type { Measures } from './measures.ts';
import type { Visit } from './visits.ts';

export function writeProcedures(chart: Chart, life: Life, visit: Visit, measures: Measures): void {
  for (const key of visit.procedures) {
    const done = doneAt(visit, key, measures);
    if (done.row.ordered) writeOrder(chart, life, done);
    writeProcedure(chart, life, done);
    if (done.row.implant) writeImplant(chart, life, keyOf(done), visit.day, done.row.implant);
    if (done.row.report) writeReport(chart, life, done, done.row.report);
    if (key === 'spirometry') writeSpirometry(chart, life, done);
  }
}

function writeOrder(chart: Chart, life: Life, done: Done): void {
  const { visit, row } = done;
  put<ServiceRequest>(
    chart,
    keyOf(done),
    {
      resourceType: 'ServiceRequest',
      status: 'completed',
      intent: 'order',
      category: [concept(['snomed', ...row.category])],
      code: concept(['snomed', ...row.snomed]),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      occurrencePeriod: period(done.start, done.start + row.minutes),
      authoredOn: timeText(visit.start + 2),
      requester: practitioner(chart.seed, visit.by),
      performer: [practitioner(chart.seed, done.by)],
      ...(reasonsOf(chart, done) as Partial<ServiceRequest>),
    },
    { profile: usCore('us-core-servicerequest'), text: narrative(`Order for ${row.label}`) },
  );
}

const implanted = (chart: Chart, key: string): Pick<Procedure, 'focalDevice'> => ({
  focalDevice: [
    {
      action: conceptSaid('Implanted', ['snomed', '129338004', 'Implantation - action']),
      manipulated: link(chart, 'Device', key),
    },
  ],
});

function writeProcedure(chart: Chart, life: Life, done: Done): void {
  const { row, visit } = done;
  const brief = row.minutes < 30;
  put<Procedure>(
    chart,
    keyOf(done),
    {
      resourceType: 'Procedure',
      ...(row.ordered && { basedOn: [link(chart, 'ServiceRequest', keyOf(done))] }),
      status: 'completed',
      category: concept(['snomed', ...row.category]),
      code: conceptSaid(row.label, ['snomed', ...row.snomed]),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      ...(brief
        ? { performedDateTime: timeText(done.start) }
        : { performedPeriod: period(done.start, done.start + row.minutes) }),
      performer: [
        {
          actor: practitioner(chart.seed, done.by),
          onBehalfOf: organization(chart.seed, visit.organization),
        },
      ],
      location: location(chart.seed, visit.at),
      ...reasonsOf(chart, done),
      outcome: concept(['snomed', '385669000', 'Successful']),
      ...(row.report && { report: [link(chart, 'DiagnosticReport', keyOf(done))] }),
      ...(row.implant && implanted(chart, keyOf(done))),
    },
    { profile: usCore('us-core-procedure'), text: narrative(`${row.label} on ${spokenDate(visit.day)}`) },
  );
}

/** Something that was done before the record began, as the patient tells it. */
interface Told {
  readonly key: string;
  readonly row: Pick<ProcedureRow, 'snomed' | 'label' | 'implant'>;
  readonly day: Day;
}

/** Interventions of earlier years, and what most people have had done when young. */
function toldOf(life: Life): readonly Told[] {
  if (life.since === life.person.birth) return [];
  const events = life.courses.flatMap((course): Told[] => {
    const day = eventDay(life, course);
    const event = course.row.event;
    return event && day !== undefined && day < life.since
      ? [{ key: `${event.procedure}-told`, row: procedure(event.procedure), day }]
      : [];
  });
  const young = EARLIER_PROCEDURES.flatMap((row): Told[] => {
    const rng = chanceOf(life, 'told', row.label);
    const day = dayAtAge(life.person.birth, rng.real(...row.ages));
    return rng.chance(row.share) && day < life.since ? [{ key: `${row.label}-told`, row, day }] : [];
  });
  return [...events, ...young];
}

export function writeEarlierProcedures(chart: Chart, life: Life): void {
  for (const { key, row, day } of toldOf(life)) {
    put<Procedure>(
      chart,
      key,
      {
        resourceType: 'Procedure',
        status: 'completed',
        code: conceptSaid(row.label, ['snomed', ...row.snomed]),
        subject: subjectOf(chart, life),
        performedDateTime: dateText(day),
        asserter: subjectOf(chart, life),
        ...(row.implant && implanted(chart, key)),
        note: note('Told by the patient at the first visit.'),
      },
      {
        profile: usCore('us-core-procedure'),
        text: narrative(`${row.label} in ${yearOf(day)}, told by the patient`),
      },
    );
    if (row.implant) writeImplant(chart, life, key, day, row.implant);
  }
}
