/** Procedures, the orders they stand on, the implants they leave and the reports that come of them. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-procedure.html */
import type {
  Device,
  DiagnosticReport,
  Media,
  Observation,
  Procedure,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { dateText, DAYS_A_YEAR, spokenDate, timeText } from './calendar.ts';
import type { Day, Moment } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import {
  base64,
  concept,
  conceptSaid,
  narrative,
  period,
  quantity,
  referenceTo,
  rounded,
} from './datatypes.ts';
import { encounterOf, subjectOf, whenSeen } from './encounters.ts';
import { activeCourse, chanceOf } from './life.ts';
import type { Course } from './life.ts';
import { location, organization, practitioner } from './places.ts';
import type { PractitionerKey } from './tables/network.ts';
import { procedure } from './tables/procedures.ts';
import type { ImplantRow, ProcedureKey, ProcedureRow, ReportRow } from './tables/procedures.ts';
import type { Life } from './treatments.ts';
import type { Measures } from './vitals.ts';
import type { Visit } from './visits.ts';

/** One procedure at one visit. */
interface Done {
  readonly key: ProcedureKey;
  readonly row: ProcedureRow;
  readonly visit: Visit;
  readonly start: Moment;
  readonly by: PractitionerKey;
  readonly reason?: Course;
  readonly measures: Measures;
}

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

function doneAt(visit: Visit, key: ProcedureKey, measures: Measures): Done {
  const row = procedure(key);
  const by = row.by === 'primary' ? visit.by : key === 'delivery' ? 'obstetrician' : row.by;
  const concerned = [...visit.found, ...visit.followed];
  const reason =
    concerned.find((one) => one.row.procedures?.includes(key) || one.row.event?.procedure === key) ??
    concerned[0];
  const start = visit.kind === 'inpatient' ? visit.start + 180 : visit.start + 8;
  return { key, row, visit, start, by, measures, ...(reason && { reason }) };
}

const keyOf = ({ key, visit }: Done): string => `${key}-${visit.key}`;

const reasonsOf = (chart: Chart, { reason }: Done) =>
  reason && {
    reasonCode: [concept(['snomed', ...reason.row.snomed])],
    reasonReference: [
      link(chart, 'Condition', reason.key, reason.row.snomed[1]),
    ] as Procedure['reasonReference'],
  };

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

/** A GTIN-14 with its check digit. https://www.gs1.org/services/how-calculate-check-digit-manually */
export function gtinOf(thirteen: string): string {
  const sum = [...thirteen]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0);
  return `${thirteen}${(10 - (sum % 10)) % 10}`;
}

const sixDigits = (day: Day): string => dateText(day).slice(2).replaceAll('-', '');

function writeImplant(chart: Chart, life: Life, done: Done, implant: ImplantRow): void {
  const rng = chanceOf(life, 'implant', done.key);
  const made = done.visit.day - rng.int(60, 400);
  const expires = made + Math.round(5 * DAYS_A_YEAR);
  const [lot, serial] = [`L${rng.int(100_000, 999_999)}`, `S${rng.int(1_000_000, 9_999_999)}`];
  const gtin = gtinOf(implant.gtin);
  put<Device>(
    chart,
    keyOf(done),
    {
      resourceType: 'Device',
      udiCarrier: [
        {
          deviceIdentifier: gtin,
          issuer: 'http://hl7.org/fhir/NamingSystem/gs1-di',
          jurisdiction: 'http://hl7.org/fhir/NamingSystem/fda-udi',
          carrierHRF: `(01)${gtin}(11)${sixDigits(made)}(17)${sixDigits(expires)}(10)${lot}(21)${serial}`,
          entryType: 'barcode',
        },
      ],
      status: 'active',
      distinctIdentifier: `${lot}-${serial}`,
      manufacturer: implant.manufacturer,
      manufactureDate: dateText(made),
      expirationDate: dateText(expires),
      lotNumber: lot,
      serialNumber: serial,
      deviceName: [{ name: implant.model, type: 'model-name' }],
      modelNumber: implant.model,
      type: concept(['snomed', ...implant.snomed]),
      patient: subjectOf(chart, life),
      owner: organization(chart.seed, 'hospital'),
    },
    {
      profile: usCore('us-core-implantable-device'),
      text: narrative(`${implant.snomed[1]} (${implant.manufacturer} ${implant.model})`),
    },
  );
}

/** What a report measures beside its prose. */
interface Finding {
  readonly name: string;
  readonly category: Code;
  readonly code: Code;
  readonly value: Pick<
    Observation,
    'valueQuantity' | 'valueCodeableConcept' | 'valueString' | 'dataAbsentReason'
  >;
}

const SINUS: Code = ['snomed', '64730000', 'Normal sinus rhythm'];
const FIBRILLATION: Code = ['snomed', '49436004', 'Atrial fibrillation'];

function findingsOf(life: Life, { key, visit, measures }: Done): readonly Finding[] {
  const rng = chanceOf(life, 'finding', key, visit.day);
  switch (key) {
    case 'echocardiogram': {
      const fraction = quantity(rng.int(32, 42), '%');
      return [
        {
          name: 'fraction',
          category: CATEGORY.imaging,
          code: ['loinc', '10230-1', 'Left ventricular Ejection fraction'],
          value: { valueQuantity: fraction },
        },
      ];
    }
    case 'boneDensity': {
      const score = quantity(rounded(rng.real(-3.4, -2.5), 1), '{T-score}');
      return [
        {
          name: 'score',
          category: CATEGORY.imaging,
          code: ['loinc', '38265-5', 'DXA Radius and Ulna [T-score] Bone density'],
          value: { valueQuantity: score },
        },
      ];
    }
    case 'electrocardiogram': {
      const rhythm = activeCourse(life, 'fibrillation', visit.day) ? FIBRILLATION : SINUS;
      const impression = `${rhythm[2]}, rate ${measures.heartRate ?? 76}, no acute ischemia.`;
      return [
        {
          name: 'rhythm',
          category: CATEGORY.procedure,
          code: ['loinc', '8884-9', 'Heart rate rhythm'],
          value: { valueCodeableConcept: concept(rhythm) },
        },
        {
          name: 'impression',
          category: CATEGORY.procedure,
          code: ['loinc', '8601-7', 'EKG impression'],
          value: { valueString: impression },
        },
        // In fibrillation there is no P wave to measure from.
        {
          name: 'interval',
          category: CATEGORY.procedure,
          code: ['loinc', '8625-6', 'P-R Interval'],
          value:
            rhythm === SINUS
              ? { valueQuantity: quantity(rng.int(140, 190), 'ms') }
              : { dataAbsentReason: concept(ABSENT.notPerformed) },
        },
      ];
    }
    default:
      return [];
  }
}

function writeFinding(chart: Chart, life: Life, done: Done, finding: Finding): Observation {
  return put<Observation>(
    chart,
    `${finding.name}-${keyOf(done)}`,
    {
      resourceType: 'Observation',
      status: 'final',
      category: [concept(finding.category)],
      code: concept(finding.code),
      ...whenSeen(chart, life, done.visit, done.start - done.visit.start + 5),
      performer: [practitioner(chart.seed, done.by)],
      ...finding.value,
    },
    { profile: usCore('us-core-observation-clinical-result') },
  );
}

/** Fills `{name}` from the findings and measures. */
function filled(text: string, findings: readonly Finding[], { measures, visit }: Done): string {
  const consolidated = visit.found.some(({ problem }) => problem === 'pneumonia');
  const values = new Map<string, string>([
    ['rate', String(measures.heartRate ?? 76)],
    [
      'lungs',
      consolidated
        ? 'Patchy air-space opacity in the right lower lobe.'
        : 'Hyperinflated lungs with flat diaphragms, no consolidation.',
    ],
    ['verdict', consolidated ? 'Right lower lobe pneumonia.' : 'Hyperinflation without pneumonia.'],
  ]);
  for (const { name, value } of findings) {
    values.set(
      name,
      String(
        value.valueQuantity?.value ?? value.valueCodeableConcept?.text ?? value.valueString ?? 'unknown',
      ),
    );
  }
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values.get(name) ?? name);
}

function writeReport(chart: Chart, life: Life, done: Done, report: ReportRow): void {
  const findings = findingsOf(life, done);
  const observed = findings.map((finding) => writeFinding(chart, life, done, finding));
  const text = filled(report.text, findings, done);
  const conclusion = filled(report.conclusion, findings, done);
  const strip = done.key === 'electrocardiogram' ? writeStrip(chart, life, done) : undefined;
  const issued = done.start + done.row.minutes + 40;
  put<DiagnosticReport>(
    chart,
    keyOf(done),
    {
      resourceType: 'DiagnosticReport',
      ...(done.row.ordered && { basedOn: [link(chart, 'ServiceRequest', keyOf(done))] }),
      status: 'final',
      category: [concept(['loinc', ...report.category])],
      code: concept(['loinc', ...report.loinc]),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, done.visit),
      effectiveDateTime: timeText(done.start),
      issued: timeText(issued),
      performer: [practitioner(chart.seed, done.by), organization(chart.seed, 'hospital')],
      ...(observed.length > 0 && { result: observed.map((one) => referenceTo(one, one.code.text)) }),
      ...(strip && { media: [{ comment: 'Rhythm strip, lead II', link: referenceTo(strip) }] }),
      conclusion,
      presentedForm: [
        {
          contentType: 'text/plain',
          data: base64(
            `${report.loinc[1].toUpperCase()}\n${spokenDate(done.visit.day)}\n\n${text}\n\nIMPRESSION: ${conclusion}\n`,
          ),
          title: report.loinc[1],
          creation: timeText(issued),
        },
      ],
    },
    { profile: usCore('us-core-diagnosticreport-note'), text: narrative(text, `Impression: ${conclusion}`) },
  );
}

/** One beat at 25 mm/s, in tenths of a millimeter from the start of the P wave. */
const BEAT: readonly (readonly [x: number, y: number])[] = [
  [0, 0],
  [10, -8],
  [20, 0],
  [32, 0],
  [36, 6],
  [42, -90],
  [48, 22],
  [52, 0],
  [70, 0],
  [85, -20],
  [100, 0],
];

/** An ECG strip drawn from the measured rate, as SVG. */
function writeStrip(chart: Chart, life: Life, done: Done): Media {
  const rate = done.measures.heartRate ?? 76;
  const width = (60 / rate) * 250;
  const points = Array.from({ length: 4 }, (_, beat) =>
    BEAT.map(([x, y]) => `${Math.round(beat * width + x)},${120 + y}`),
  ).flat();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.round(4 * width)} 160"><polyline fill="none" stroke="#111" points="${points.join(' ')}"/></svg>`;
  return put<Media>(chart, keyOf(done), {
    resourceType: 'Media',
    status: 'completed',
    type: concept(['mediaType', 'image', 'Image']),
    subject: subjectOf(chart, life),
    encounter: encounterOf(chart, done.visit),
    createdDateTime: timeText(done.start + 4),
    issued: timeText(done.start + 20),
    content: { contentType: 'image/svg+xml', data: base64(svg), title: 'Rhythm strip' },
  });
}

/** The share of air breathed out in the first second, lower where the airways are narrow. */
function writeSpirometry(chart: Chart, life: Life, done: Done): void {
  const [low, high] = activeCourse(life, 'lung', done.visit.day) ? [52, 66] : [72, 84];
  const share = chanceOf(life, 'spirometry', done.visit.day).int(low!, high!);
  put<Observation>(
    chart,
    keyOf(done),
    {
      resourceType: 'Observation',
      status: 'final',
      category: [concept(CATEGORY.procedure)],
      code: concept(['loinc', '19926-5', 'FEV1/FVC']),
      ...whenSeen(chart, life, done.visit, 10),
      valueQuantity: quantity(share, '%'),
    },
    { profile: usCore('us-core-observation-clinical-result') },
  );
}
