// The demo makes clinical and financial sense: results follow treatment, medicines respect allergies, bills add up, codes have right check digits.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type {
  AllergyIntolerance,
  Claim,
  Device,
  DocumentReference,
  Encounter,
  ExplanationOfBenefit,
  Immunization,
  MedicationRequest,
  Observation,
  Organization,
  Patient,
  Practitioner,
  Resource,
} from '@medplum/fhirtypes';
import { lifeAt, demoRecords } from '../../../src/demo/records.ts';
import { isTaken } from '../../../src/demo/treatments.ts';
import { ALLERGIES } from '../../../src/demo/tables/allergies.ts';

const PATIENTS = 40;
const DANIEL = 0;
const PRIYA = 7;

/** Resources by Bundle: the shared ones first, then one list a patient. */
let records: readonly (readonly Resource[])[] = [];
let shared: readonly Resource[] = [];

beforeAll(() => {
  const all = [...demoRecords({ patients: PATIENTS, seed: 1 })].map(({ entry }) =>
    (entry ?? []).map(({ resource }) => resource!),
  );
  shared = all.slice(0, 2).flat();
  records = all.slice(2);
});

const ofType = <T extends Resource>(resources: readonly Resource[], type: T['resourceType']): T[] =>
  resources.filter((one): one is T => one.resourceType === type);

/** Values of an analyte in order of time. */
const trend = (patient: number, loinc: string): { day: string; value: number }[] =>
  ofType<Observation>(records[patient]!, 'Observation')
    .filter(({ code, valueQuantity }) => code.coding?.[0]?.code === loinc && valueQuantity !== undefined)
    .map(({ effectiveDateTime, valueQuantity }) => ({
      day: effectiveDateTime!.slice(0, 10),
      value: valueQuantity!.value!,
    }))
    .sort((one, other) => one.day.localeCompare(other.day));

const startOf = (patient: number, rxnorm: string): string =>
  ofType<MedicationRequest>(records[patient]!, 'MedicationRequest')
    .find(({ medicationCodeableConcept }) => medicationCodeableConcept?.coding?.[0]?.code === rxnorm)!
    .authoredOn!.slice(0, 10);

describe('results follow the illness and its treatment', () => {
  it('HbA1c falls after metformin', () => {
    const start = startOf(DANIEL, '861007');
    const values = trend(DANIEL, '4548-4');
    const found = values.filter(({ day }) => day <= start).at(-1)!.value;
    const later = values
      .filter(({ day }) => Date.parse(day) > Date.parse(start) + 300 * 86_400_000)
      .map(({ value }) => value);
    expect(found).toBeGreaterThan(7.5);
    expect(later.length).toBeGreaterThan(3);
    expect(Math.max(...later)).toBeLessThan(found - 0.8);
  });

  it('hemoglobin recovers with iron', () => {
    const values = trend(PRIYA, '718-7').map(({ value }) => value);
    expect(Math.min(...values)).toBeLessThan(11);
    expect(values.at(-1)).toBeGreaterThan(12);
  });

  it('eGFR declines through chronic kidney disease, and creatinine rises with it', () => {
    const filtration = trend(DANIEL, '98979-8');
    const creatinine = trend(DANIEL, '2160-0');
    expect(filtration[0]!.value - filtration.at(-1)!.value).toBeGreaterThan(15);
    expect(creatinine.at(-1)!.value - creatinine[0]!.value).toBeGreaterThan(0.3);
  });

  it('total cholesterol is the sum of its parts', () => {
    const at = (loinc: string) => new Map(trend(DANIEL, loinc).map(({ day, value }) => [day, value]));
    const [hdl, ldl, triglycerides] = [at('2085-9'), at('13457-7'), at('2571-8')];
    const totals = trend(DANIEL, '2093-3');
    expect(totals.length).toBeGreaterThan(3);
    for (const { day, value } of totals) {
      expect(Math.abs(value - hdl.get(day)! - ldl.get(day)! - triglycerides.get(day)! / 5)).toBeLessThan(1);
    }
  });

  it('an interpretation agrees with the reference range', () => {
    const wrong = records
      .flatMap((resources) => ofType<Observation>(resources, 'Observation'))
      .filter(({ interpretation, valueQuantity, referenceRange }) => {
        if (!interpretation || !valueQuantity || !referenceRange) return false;
        const { low, high } = referenceRange[0]!;
        const value = valueQuantity.value!;
        const expected = low && value < low.value! ? 'L' : high && value > high.value! ? 'H' : 'N';
        return interpretation[0]!.coding![0]!.code !== expected;
      });
    expect(wrong).toEqual([]);
  });
});

describe('medicines', () => {
  it('respect what the patient cannot take', () => {
    const broken: string[] = [];
    let allergic = 0;
    for (const [number, resources] of records.entries()) {
      const known = ofType<AllergyIntolerance>(resources, 'AllergyIntolerance').map(({ code }) => code?.text);
      const avoid = ALLERGIES.filter(({ label }) => known.includes(label)).flatMap((one) => one.avoid ?? []);
      allergic += avoid.length > 0 ? 1 : 0;
      const taken = lifeAt(1, number).treatments.map(({ medicine }) => medicine);
      broken.push(...taken.filter((medicine) => avoid.includes(medicine)));
    }
    expect(allergic).toBeGreaterThan(1);
    expect(broken).toEqual([]);
  });

  it('of one class are not taken together', () => {
    const classes = [
      ['sertraline50', 'escitalopram10'],
      ['atorvastatin20', 'atorvastatin80'],
      ['lisinopril10', 'lisinopril20'],
      ['metformin500', 'metformin1000'],
    ];
    for (let number = 0; number < PATIENTS; number++) {
      const { treatments, visits } = lifeAt(1, number);
      for (const { day } of visits) {
        const taken = treatments
          .filter((one) => one.visit.day <= day && isTaken(one, day))
          .map(({ medicine }) => medicine);
        for (const names of classes)
          expect(taken.filter((one) => names.includes(one)).length).toBeLessThan(2);
      }
    }
  });
});

describe('visits', () => {
  it('do not overlap', () => {
    const overlaps: string[] = [];
    for (const resources of records) {
      const periods = ofType<Encounter>(resources, 'Encounter')
        .map(({ id, period }) => ({ id, start: Date.parse(period!.start!), end: Date.parse(period!.end!) }))
        .sort((one, other) => one.start - other.start);
      periods.forEach(({ id, start }, index) => {
        if (index > 0 && start < periods[index - 1]!.end) overlaps.push(id!);
      });
    }
    expect(overlaps).toEqual([]);
  });

  it('leave a note that names what was found', () => {
    const note = (
      visit: { key: string; kind: string },
      resources: readonly Resource[],
    ): string | undefined => {
      const document = ofType<DocumentReference>(resources, 'DocumentReference').find(({ identifier }) =>
        identifier?.[0]?.value?.endsWith(`-${visit.key}`),
      );
      const { data, url } = document?.content[0]?.attachment ?? {};
      const binary = resources.find(({ resourceType, id }) => url === `${resourceType}/${id}`) as
        { data?: string } | undefined;
      return Buffer.from(data ?? binary?.data ?? '', 'base64').toString('utf8');
    };
    for (const number of [0, 1, 2, 5]) {
      for (const visit of lifeAt(1, number).visits) {
        const text = note(visit, records[number]!)!;
        expect(text).toContain('ASSESSMENT AND PLAN');
        for (const { row } of visit.found) expect(text.toLowerCase()).toContain(row.label.toLowerCase());
      }
    }
  });
});

describe('immunizations', () => {
  /** Youngest age in months for live and adult vaccines, by CVX code. */
  const YOUNGEST: Readonly<Record<string, number>> = {
    '03': 11.8,
    '21': 11.8,
    '83': 11.8,
    '115': 120,
    '165': 108,
    '187': 590,
    '140': 6,
    '116': 1.8,
    '20': 1.8,
  };

  it('are not given too young', () => {
    const wrong: string[] = [];
    for (const resources of records) {
      const birth = ofType<Patient>(resources, 'Patient')[0]!.birthDate!;
      for (const { vaccineCode, occurrenceDateTime } of ofType<Immunization>(resources, 'Immunization')) {
        const months = (Date.parse(occurrenceDateTime!) - Date.parse(birth)) / 86_400_000 / 30.44;
        const code = vaccineCode.coding![0]!.code!;
        if (months < (YOUNGEST[code] ?? 0)) wrong.push(`${code} at ${months}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('bring a child through the schedule', () => {
    const given = ofType<Immunization>(records[1]!, 'Immunization').map(
      ({ vaccineCode }) => vaccineCode.coding![0]!.code,
    );
    const count = (code: string): number => given.filter((one) => one === code).length;
    expect([count('20'), count('03'), count('21'), count('10'), count('08')]).toEqual([5, 2, 2, 4, 3]);
  });
});

describe('money', () => {
  const near = (one: number, other: number): boolean => Math.abs(one - other) < 0.005;

  it('adds up in each claim', () => {
    const claims = records.flatMap((resources) => ofType<Claim>(resources, 'Claim'));
    const wrong = claims.filter(
      ({ item, total }) =>
        !near(
          item!.reduce((sum, { net }) => sum + net!.value!, 0),
          total!.value!,
        ),
    );
    expect(claims.length).toBeGreaterThan(400);
    expect(wrong).toEqual([]);
  });

  it('is settled without remainder: what is eligible is paid by payer and patient', () => {
    const explanations = records.flatMap((resources) =>
      ofType<ExplanationOfBenefit>(resources, 'ExplanationOfBenefit'),
    );
    const wrong = explanations.filter(({ total, item, payment }) => {
      const amount = (rows: NonNullable<typeof total>, code: string): number =>
        rows.find(({ category }) => category.coding![0]!.code === code)!.amount.value!;
      const items = (item ?? []).map(({ adjudication }) => amount(adjudication as never, 'benefit'));
      const paid = amount(total!, 'benefit');
      const whole = near(amount(total!, 'eligible'), paid + amount(total!, 'copay'));
      return (
        !whole ||
        !near(
          paid,
          items.reduce((sum, one) => sum + one, 0),
        ) ||
        !near(paid, payment!.amount!.value!)
      );
    });
    expect(explanations.length).toBeGreaterThan(400);
    expect(wrong).toEqual([]);
  });
});

describe('identifiers', () => {
  /** Luhn: every second digit from the right is doubled. */
  const luhn = (digits: string): boolean =>
    [...digits].reverse().reduce((sum, digit, index) => {
      const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
      return sum + (value > 9 ? value - 9 : value);
    }, 0) %
      10 ===
    0;

  it('NPI have a valid check digit, and are no one else’s', () => {
    const holders = [
      ...ofType<Practitioner>(shared, 'Practitioner'),
      ...ofType<Organization>(shared, 'Organization'),
    ];
    const numbers = holders.map(
      ({ identifier }) =>
        identifier!.find(({ system }) => system === 'http://hl7.org/fhir/sid/us-npi')!.value!,
    );
    expect(numbers.filter((one) => !/^9\d{9}$/.test(one) || !luhn(`80840${one}`))).toEqual([]);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('devices carry a GTIN with its check digit in their UDI', () => {
    const devices = records.flatMap((resources) => ofType<Device>(resources, 'Device'));
    expect(devices.length).toBeGreaterThan(2);
    for (const { udiCarrier } of devices) {
      const { deviceIdentifier, carrierHRF } = udiCarrier![0]!;
      const sum = [...deviceIdentifier!]
        .reverse()
        .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
      expect(deviceIdentifier).toMatch(/^\d{14}$/);
      expect(sum % 10).toBe(0);
      expect(carrierHRF).toContain(`(01)${deviceIdentifier}(11)`);
    }
  });
});
