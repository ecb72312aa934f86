/** The Observations of what was measured at a visit. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-vital-signs.html */
import type { Observation, ObservationComponent, Quantity } from '@medplum/fhirtypes';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { coding, concept, conceptSaid, quantity } from './datatypes.ts';
import type { MeasureKey, Measures } from './measures.ts';
import type { Life } from './treatments.ts';
import { whenSeen } from './encounters.ts';
import type { Visit } from './visits.ts';

interface Sign {
  readonly profile: string;
  readonly codes: readonly [Code, ...Code[]];
  readonly unit: readonly [unit: string, ucum: string];
}

const PERCENT = ['%', '%'] as const;

/** The signs that are a single number. */
const SIGNS: Readonly<Partial<Record<MeasureKey, Sign>>> = {
  height: { profile: 'us-core-body-height', codes: [['loinc', '8302-2', 'Body height']], unit: ['cm', 'cm'] },
  weight: {
    profile: 'us-core-body-weight',
    codes: [['loinc', '29463-7', 'Body weight']],
    unit: ['kg', 'kg'],
  },
  bmi: {
    profile: 'us-core-bmi',
    codes: [['loinc', '39156-5', 'Body mass index (BMI) [Ratio]']],
    unit: ['kg/m2', 'kg/m2'],
  },
  head: {
    profile: 'us-core-head-circumference',
    codes: [['loinc', '9843-4', 'Head Occipital-frontal circumference']],
    unit: ['cm', 'cm'],
  },
  massPercentile: {
    profile: 'pediatric-bmi-for-age',
    codes: [['loinc', '59576-9', 'Body mass index (BMI) [Percentile] Per age and sex']],
    unit: PERCENT,
  },
  lengthPercentile: {
    profile: 'pediatric-weight-for-height',
    codes: [['loinc', '77606-2', 'Weight-for-length Per age and sex']],
    unit: PERCENT,
  },
  headPercentile: {
    profile: 'head-occipital-frontal-circumference-percentile',
    codes: [['loinc', '8289-1', 'Head Occipital-frontal circumference Percentile']],
    unit: PERCENT,
  },
  heartRate: {
    profile: 'us-core-heart-rate',
    codes: [['loinc', '8867-4', 'Heart rate']],
    unit: ['beats/minute', '/min'],
  },
  respiration: {
    profile: 'us-core-respiratory-rate',
    codes: [['loinc', '9279-1', 'Respiratory rate']],
    unit: ['breaths/minute', '/min'],
  },
  temperature: {
    profile: 'us-core-body-temperature',
    codes: [['loinc', '8310-5', 'Body temperature']],
    unit: ['Cel', 'Cel'],
  },
  saturation: {
    profile: 'us-core-pulse-oximetry',
    codes: [
      ['loinc', '59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry'],
      ['loinc', '2708-6', 'Oxygen saturation in Arterial blood'],
    ],
    unit: PERCENT,
  },
};

export function writeVitals(chart: Chart, life: Life, visit: Visit, measures: Measures): void {
  for (const [name, sign] of Object.entries(SIGNS) as [MeasureKey, Sign][]) {
    // R4's own profile of the body mass index demands a value.
    const isMissed = name !== 'bmi' && measures.missed.includes(name);
    if (isMissed || measures[name] !== undefined) writeSign(chart, life, visit, name, sign, measures);
  }
  if (measures.systolic !== undefined || measures.missed.includes('systolic'))
    writePressure(chart, life, visit, measures);
}

type Shared = Pick<
  Observation,
  'status' | 'category' | 'subject' | 'encounter' | 'effectiveDateTime' | 'performer'
>;

const shared = (chart: Chart, life: Life, visit: Visit): Shared => ({
  status: 'final',
  category: [concept(CATEGORY.vitals)],
  ...whenSeen(chart, life, visit, 3),
});

function writeSign(
  chart: Chart,
  life: Life,
  visit: Visit,
  name: MeasureKey,
  sign: Sign,
  measures: Measures,
): void {
  const value = measures[name];
  const component = name === 'saturation' ? inhaled(measures) : [];
  put<Observation>(
    chart,
    `${name}-${visit.key}`,
    {
      resourceType: 'Observation',
      ...shared(chart, life, visit),
      code: { coding: sign.codes.map(coding), text: sign.codes[0][2] },
      ...valueOr(value, (one) => quantity(one, ...sign.unit)),
      ...(component.length > 0 && { component }),
    },
    { profile: usCore(sign.profile) },
  );
}

type ValueOrNot = Pick<ObservationComponent, 'valueQuantity' | 'dataAbsentReason'>;

const valueOr = (value: number | undefined, make: (value: number) => Quantity): ValueOrNot =>
  value === undefined ? { dataAbsentReason: concept(ABSENT.notPerformed) } : { valueQuantity: make(value) };

/** With a nasal cannula the share of oxygen is not known for sure, and with a Venturi mask the flow is not written down. */
function inhaled({ oxygenFlow, oxygenShare }: Measures): ObservationComponent[] {
  if (oxygenFlow === undefined || oxygenShare === undefined) return [];
  const isMask = oxygenFlow > 3;
  const isCannula = oxygenFlow === 3;
  return [
    {
      code: concept(['loinc', '3151-8', 'Inhaled oxygen flow rate']),
      ...valueOr(isMask ? undefined : oxygenFlow, (value) => quantity(value, 'L/min')),
    },
    {
      code: concept(['loinc', '3150-0', 'Inhaled oxygen concentration']),
      ...valueOr(isCannula ? undefined : oxygenShare, (value) => quantity(value, '%')),
    },
  ];
}

function writePressure(chart: Chart, life: Life, visit: Visit, { systolic, diastolic }: Measures): void {
  const part = (code: string, display: string, value?: number): ObservationComponent => ({
    code: concept(['loinc', code, display]),
    ...valueOr(value, (one) => quantity(one, 'mmHg', 'mm[Hg]')),
  });
  put<Observation>(
    chart,
    `pressure-${visit.key}`,
    {
      resourceType: 'Observation',
      ...shared(chart, life, visit),
      code: conceptSaid('Blood pressure', [
        'loinc',
        '85354-9',
        'Blood pressure panel with all children optional',
      ]),
      ...(systolic === undefined && { dataAbsentReason: concept(ABSENT.notPerformed) }),
      component: [
        part('8480-6', 'Systolic blood pressure', systolic),
        part('8462-4', 'Diastolic blood pressure', diastolic),
      ],
    },
    { profile: usCore('us-core-blood-pressure') },
  );
}

/** The vital signs in one line of a note. */
export function spokenVitals(measures: Measures): string {
  const { systolic, diastolic, heartRate, respiration, temperature, saturation, height, weight, bmi, head } =
    measures;
  const parts = [
    systolic !== undefined && `BP ${systolic}/${diastolic} mmHg`,
    heartRate !== undefined && `HR ${heartRate}`,
    respiration !== undefined && `RR ${respiration}`,
    temperature !== undefined && `T ${temperature} C`,
    saturation !== undefined &&
      `SpO2 ${saturation}%${measures.oxygenFlow === undefined ? '' : ` on ${measures.oxygenFlow} L/min`}`,
    height !== undefined && `height ${height} cm`,
    weight !== undefined && `weight ${weight} kg`,
    bmi !== undefined &&
      `BMI ${bmi}${measures.massPercentile === undefined ? '' : ` (${ordinal(measures.massPercentile)} percentile)`}`,
    head !== undefined && `head ${head} cm (${ordinal(measures.headPercentile ?? 50)} percentile)`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

export function ordinal(value: number): string {
  const ten = value % 100;
  const ending = ten > 10 && ten < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${value}${ending}`;
}
