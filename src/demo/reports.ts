/** Reports of procedures, in prose and with what was measured. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-diagnosticreport-note.html */
import type { DiagnosticReport, Media, Observation } from '@medplum/fhirtypes';
import { spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { base64, concept, narrative, quantity, referenceTo, rounded } from './datatypes.ts';
import { keyOf } from './done.ts';
import type { Done } from './done.ts';
import { encounterOf, subjectOf, whenSeen } from './encounters.ts';
import { activeCourse, chanceOf } from './life.ts';
import { organization, practitioner } from './places.ts';
import type { ReportRow } from './tables/procedures.ts';
import type { Life } from './treatments.ts';

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

export function writeReport(chart: Chart, life: Life, done: Done, report: ReportRow): void {
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
export function writeSpirometry(chart: Chart, life: Life, done: Done): void {
  const [low, high] = activeCourse(life, 'lung', done.visit.day) ? [52, 66] : [72, 84];
  const share = chanceOf(life, 'spirometry', done.visit.day).int(low, high);
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
