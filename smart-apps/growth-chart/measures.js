/** What is charted: the LOINC codes of each measurement, its unit, and what it is held against. */
import { REFERENCE } from './reference.js';

export const MEASURES = [
  {
    id: 'height',
    name: 'Height',
    codes: ['8302-2', '8306-3', '8308-9'],
    unit: 'cm',
    reference: REFERENCE.height,
  },
  { id: 'weight', name: 'Weight', codes: ['29463-7', '3141-9'], unit: 'kg', reference: REFERENCE.weight },
  { id: 'bmi', name: 'Body mass index', codes: ['39156-5'], unit: 'kg/m2', reference: REFERENCE.bmi },
  {
    id: 'head',
    name: 'Head circumference',
    codes: ['9843-4', '8287-5'],
    unit: 'cm',
    reference: REFERENCE.head,
  },
  { id: 'systolic', name: 'Systolic blood pressure', codes: ['8480-6'], unit: 'mmHg', usual: [90, 120] },
  { id: 'diastolic', name: 'Diastolic blood pressure', codes: ['8462-4'], unit: 'mmHg', usual: [60, 80] },
  { id: 'pulse', name: 'Heart rate', codes: ['8867-4'], unit: '/min', usual: [60, 100] },
  { id: 'breaths', name: 'Respiratory rate', codes: ['9279-1'], unit: '/min', usual: [12, 20] },
  { id: 'temperature', name: 'Body temperature', codes: ['8310-5'], unit: 'Cel', usual: [36.1, 37.5] },
  { id: 'oxygen', name: 'Oxygen saturation', codes: ['59408-5', '2708-6'], unit: '%', usual: [95, 100] },
];

/** Units that are turned into ours; anything else is left out rather than drawn wrongly. */
const FACTORS = {
  cm: { cm: 1, m: 100, '[in_i]': 2.54 },
  kg: { kg: 1, g: 0.001, '[lb_av]': 0.45359237 },
  'kg/m2': { 'kg/m2': 1 },
  mmHg: { 'mm[Hg]': 1 },
  '/min': { '/min': 1, '{beats}/min': 1, '{breaths}/min': 1 },
  Cel: { Cel: 1 },
  '%': { '%': 1 },
};

/** All measurements of the Observations as { code, date, value, unit, source }; panels give one a component. */
export function readings(observations) {
  return observations.flatMap((observation) => {
    const date = observation.effectiveDateTime ?? observation.effectivePeriod?.start;
    if (!date || ['entered-in-error', 'cancelled'].includes(observation.status)) return [];
    return [observation, ...(observation.component ?? [])].flatMap(({ code, valueQuantity }) =>
      (code?.coding ?? []).flatMap((coding) =>
        valueQuantity?.value === undefined || coding.system !== 'http://loinc.org'
          ? []
          : [
              {
                code: coding.code,
                date,
                value: valueQuantity.value,
                unit: valueQuantity.code,
                source: observation.id,
              },
            ],
      ),
    );
  });
}

/** The readings of one measure in its own unit, oldest first. */
export function readingsOf(measure, all) {
  return all
    .filter(({ code, unit }) => measure.codes.includes(code) && FACTORS[measure.unit][unit] !== undefined)
    .map((one) => ({ ...one, value: one.value * FACTORS[measure.unit][one.unit] }))
    .sort((a, b) => a.date.localeCompare(b.date));
}
