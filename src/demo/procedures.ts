/** Procedures and the orders they stand on. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-procedure.html */
import type { Procedure, ServiceRequest } from '@medplum/fhirtypes';
import { spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { usCore } from './codes.ts';
import { concept, conceptSaid, narrative, period } from './datatypes.ts';
import { doneAt, keyOf, reasonsOf } from './done.ts';
import type { Done } from './done.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { writeImplant } from './implants.ts';
import { location, organization, practitioner } from './places.ts';
import { writeReport, writeSpirometry } from './reports.ts';
import type { Life } from './treatments.ts';
import type { Measures } from './vitals.ts';
import type { Visit } from './visits.ts';

export function writeProcedures(chart: Chart, life: Life, visit: Visit, measures: Measures): void {
  for (const key of visit.procedures) {
    const done = doneAt(visit, key, measures);
    if (done.row.ordered) writeOrder(chart, life, done);
    writeProcedure(chart, life, done);
    if (done.row.implant) writeImplant(chart, life, done, done.row.implant);
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
      ...(row.implant && {
        focalDevice: [
          {
            action: conceptSaid('Implanted', ['snomed', '129338004', 'Implantation - action']),
            manipulated: link(chart, 'Device', keyOf(done)),
          },
        ],
      }),
    },
    { profile: usCore('us-core-procedure'), text: narrative(`${row.label} on ${spokenDate(visit.day)}`) },
  );
}
