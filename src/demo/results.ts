/** Laboratory results as FHIR: an order, a specimen, one Observation a result and a report. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-diagnosticreport-lab.html */
import type {
  DiagnosticReport,
  Observation,
  ObservationReferenceRange,
  ServiceRequest,
  Specimen,
} from '@medplum/fhirtypes';
import { spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, INTERPRETATION, NAMESPACES, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { coding, concept, conceptSaid, narrative, note, period, quantity, referenceTo } from './datatypes.ts';
import { encounterOf, subjectOf, whenSeen } from './encounters.ts';
import type { Draw, Result } from './labs.ts';
import { organization, practitioner } from './places.ts';
import { analyte, FINDINGS, panel } from './tables/analytes.ts';
import type { Analyte, Panel } from './tables/analytes.ts';
import type { Life } from './treatments.ts';

const SPECIMENS: Readonly<Record<Panel['specimen'], readonly [Code, ...Code[]]>> = {
  serum: [
    ['snomed', '119364003', 'Serum specimen'],
    ['specimenType', 'SER', 'Serum'],
  ],
  blood: [
    ['snomed', '119297000', 'Blood specimen'],
    ['specimenType', 'BLD', 'Whole blood'],
  ],
  urine: [
    ['snomed', '122575003', 'Urine specimen'],
    ['specimenType', 'UR', 'Urine'],
  ],
  throat: [['snomed', '258529004', 'Throat swab']],
  nose: [
    ['snomed', '258500001', 'Nasopharyngeal swab'],
    ['specimenType', 'NSECR', 'Nasal secretions'],
  ],
};

/** Minutes after the start of the visit at which blood is drawn, and until the report is out. */
const DRAWN = 12;
const REPORTED = 260;
const BEDSIDE = 22;

const keyOf = ({ panel: key, visit }: Draw): string => `${key}-${visit.key}`;

export function writeDraw(chart: Chart, life: Life, draw: Draw): void {
  writeOrder(chart, life, draw);
  writeSpecimen(chart, life, draw);
  const results = draw.values.map((result) => writeResult(chart, life, draw, result));
  writeReport(chart, life, draw, results);
}

function writeOrder(chart: Chart, life: Life, draw: Draw): void {
  const row = panel(draw.panel);
  const reasons = [...draw.visit.found, ...draw.visit.followed].filter((course) =>
    course.row.panels.includes(draw.panel),
  );
  put<ServiceRequest>(
    chart,
    keyOf(draw),
    {
      resourceType: 'ServiceRequest',
      status: 'completed',
      intent: 'order',
      category: [concept(['snomed', '108252007', 'Laboratory procedure'])],
      code: conceptSaid(row.label, ['loinc', row.loinc, row.display]),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, draw.visit),
      occurrencePeriod: period(draw.visit.start + 5, draw.visit.start + reportedAfter(draw)),
      authoredOn: timeText(draw.visit.start + 5),
      requester: practitioner(chart.seed, draw.visit.by),
      ...(reasons.length > 0 && {
        reasonCode: reasons.map((course) => concept(['snomed', ...course.row.snomed])),
        reasonReference: reasons.map(({ key }) => link(chart, 'Condition', key)),
      }),
    },
    { profile: usCore('us-core-servicerequest') },
  );
}

function writeSpecimen(chart: Chart, life: Life, draw: Draw): void {
  put<Specimen>(
    chart,
    keyOf(draw),
    {
      resourceType: 'Specimen',
      accessionIdentifier: {
        system: NAMESPACES.accession,
        value: `A${chart.seed}-${life.person.number}-${keyOf(draw)}`,
      },
      status: 'available',
      type: concept(...SPECIMENS[panel(draw.panel).specimen]),
      subject: subjectOf(chart, life),
      receivedTime: timeText(draw.visit.start + DRAWN + 45),
      request: [link(chart, 'ServiceRequest', keyOf(draw))],
      collection: {
        collector: practitioner(chart.seed, 'nurse'),
        collectedDateTime: timeText(draw.visit.start + DRAWN),
      },
    },
    { profile: usCore('us-core-specimen') },
  );
}

/** The reference range that holds for this person. */
export function rangeOf(row: Analyte, female: boolean): { low?: number; high?: number } {
  const [low, high] = female && row.female ? row.female : [row.low, row.high];
  return { ...(low !== undefined && { low }), ...(high !== undefined && { high }) };
}

export function gradeOf(
  value: number,
  { low, high }: { low?: number; high?: number },
): keyof typeof INTERPRETATION {
  if (low !== undefined && value < low) return 'low';
  return high !== undefined && value > high ? 'high' : 'normal';
}

function rangeElement(row: Analyte, female: boolean): ObservationReferenceRange {
  const { low, high } = rangeOf(row, female);
  const bound = (value: number) => quantity(value, row.unit, row.ucum);
  return {
    ...(low !== undefined && { low: bound(low) }),
    ...(high !== undefined && { high: bound(high) }),
    type: concept(['referenceRange', 'normal', 'Normal Range']),
    text: [low, high]
      .map((value) => value ?? '')
      .join(' - ')
      .trim(),
  };
}

type Value = Pick<
  Observation,
  | 'code'
  | 'valueQuantity'
  | 'valueCodeableConcept'
  | 'valueString'
  | 'dataAbsentReason'
  | 'interpretation'
  | 'referenceRange'
  | 'note'
>;

function valueElements(life: Life, result: Result): Value {
  if (result.kind !== 'number') {
    const { loinc, display, short } = FINDINGS[result.finding];
    const code = conceptSaid(short, ['loinc', loinc, display]);
    return result.kind === 'text'
      ? { code, valueString: result.text }
      : { code, valueCodeableConcept: concept(result.code) };
  }
  const row = analyte(result.analyte);
  const female = life.person.sex === 'female';
  const code = conceptSaid(row.short, ['loinc', row.loinc, row.display]);
  if (result.spoiled)
    return { code, dataAbsentReason: concept(ABSENT.error), note: note('Specimen hemolyzed; not reported.') };
  return {
    code,
    valueQuantity: quantity(result.value, row.unit, row.ucum),
    interpretation: [concept(INTERPRETATION[gradeOf(result.value, rangeOf(row, female))])],
    referenceRange: [rangeElement(row, female)],
  };
}

/** A bedside test is done by the clinic's own people, at once. */
const performersOf = (chart: Chart, { panel: key, visit }: Draw) =>
  panel(key).bedside
    ? [practitioner(chart.seed, visit.by), organization(chart.seed, visit.organization)]
    : [organization(chart.seed, 'laboratory')];

const reportedAfter = ({ panel: key }: Draw): number => (panel(key).bedside ? BEDSIDE : REPORTED);

const nameOfResult = (result: Result): string => (result.kind === 'number' ? result.analyte : result.finding);

function writeResult(chart: Chart, life: Life, draw: Draw, result: Result): Observation {
  const { code, ...value } = valueElements(life, result);
  return put<Observation>(
    chart,
    `${nameOfResult(result)}-${keyOf(draw)}`,
    {
      resourceType: 'Observation',
      basedOn: [link(chart, 'ServiceRequest', keyOf(draw))],
      status: 'final',
      category: [concept(CATEGORY.laboratory)],
      code,
      ...whenSeen(chart, life, draw.visit, DRAWN),
      issued: timeText(draw.visit.start + reportedAfter(draw)),
      performer: performersOf(chart, draw),
      ...value,
      specimen: link(chart, 'Specimen', keyOf(draw)),
    },
    { profile: usCore('us-core-observation-lab') },
  );
}

function writeReport(chart: Chart, life: Life, draw: Draw, results: readonly Observation[]): void {
  const row = panel(draw.panel);
  put<DiagnosticReport>(
    chart,
    keyOf(draw),
    {
      resourceType: 'DiagnosticReport',
      basedOn: [link(chart, 'ServiceRequest', keyOf(draw))],
      status: 'final',
      category: [concept(['diagnosticService', 'LAB', 'Laboratory'])],
      code: { coding: [coding(['loinc', row.loinc, row.display])], text: row.label },
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, draw.visit),
      effectiveDateTime: timeText(draw.visit.start + DRAWN),
      issued: timeText(draw.visit.start + reportedAfter(draw)),
      performer: performersOf(chart, draw),
      specimen: [link(chart, 'Specimen', keyOf(draw))],
      result: results.map((one) => referenceTo(one, one.code.text)),
    },
    {
      profile: usCore('us-core-diagnosticreport-lab'),
      text: narrative(
        `${row.label} of ${spokenDate(draw.visit.day)}`,
        ...draw.values.map((result) => spokenResult(life, result)),
      ),
    },
  );
}

/** A result as one line of a note: `LDL 92 mg/dL`, with H or L where it is out of range. */
export function spokenResult(life: Life, result: Result): string {
  if (result.kind === 'code') return `${FINDINGS[result.finding].short}: ${result.code[2].toLowerCase()}`;
  if (result.kind === 'text') return `${FINDINGS[result.finding].short}: ${result.text}`;
  const row = analyte(result.analyte);
  if (result.spoiled) return `${row.short} not reported (hemolyzed)`;
  const grade = gradeOf(result.value, rangeOf(row, life.person.sex === 'female'));
  const unit = row.unit === '1' ? '' : ` ${row.unit}`;
  return `${row.short} ${result.value}${unit}${grade === 'normal' ? '' : grade === 'high' ? ' (H)' : ' (L)'}`;
}
