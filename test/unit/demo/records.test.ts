// What any demo promises whoever loads it: the same bytes each time, whole references, legal ids, dates in order.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Observation, Patient, Resource } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { dayOf } from '../../../src/demo/calendar.ts';
import { demoIdentities, demoRecords, DEMO_AS_OF } from '../../../src/demo/records.ts';
import type { DemoBundle, DemoOptions } from '../../../src/demo/records.ts';

const PATIENTS = 100;
const SHARED_BUNDLES = 2;

let bundles: readonly DemoBundle[] = [];
let seconds = 0;

beforeAll(() => {
  const start = performance.now();
  bundles = [...demoRecords({ patients: PATIENTS, seed: 1 })];
  seconds = (performance.now() - start) / 1000;
});

const resourcesOf = (bundle: DemoBundle): Resource[] => (bundle.entry ?? []).map(({ resource }) => resource!);
const everything = (): Resource[] => bundles.flatMap(resourcesOf);
const hash = (options: DemoOptions): string =>
  createHash('sha256')
    .update(JSON.stringify([...demoRecords(options)]))
    .digest('hex');

/** Calls back for each string of a tree, with the path of names that leads there. */
function eachString(value: unknown, visit: (text: string, path: string) => void, path = ''): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) for (const item of value) eachString(item, visit, path);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value))
      eachString(item, visit, path === '' ? name : `${path}.${name}`);
  }
}

describe('determinism', () => {
  it('gives the same bytes for the same seed and date', () => {
    expect(hash({ patients: 4, seed: 7 })).toBe(hash({ patients: 4, seed: 7 }));
    expect(hash({ patients: 4, seed: 7, asOf: '2025-03-01' })).toBe(
      hash({ patients: 4, seed: 7, asOf: '2025-03-01' }),
    );
  });

  it('gives other bytes for another seed, and for another date', () => {
    expect(hash({ patients: 3, seed: 8 })).not.toBe(hash({ patients: 3, seed: 7 }));
    expect(hash({ patients: 3, seed: 7, asOf: '2025-03-01' })).not.toBe(hash({ patients: 3, seed: 7 }));
  });

  it('makes a patient the same, however many are asked for', () => {
    const few = [...demoRecords({ patients: 9, seed: 1 })];
    expect(few).toHaveLength(9 + SHARED_BUNDLES);
    expect(few).toEqual(bundles.slice(0, few.length));
  });

  it('refuses what is not a number of patients, a seed or a date', () => {
    expect(() => [...demoRecords({ patients: -1, seed: 1 })]).toThrow('give a whole number from 0 up');
    expect(() => [...demoRecords({ patients: 1, seed: 0.5 })]).toThrow('seed is 0.5');
    expect(() => [...demoRecords({ patients: 1, seed: 1, asOf: '2026-02-30' })]).toThrow('give YYYY-MM-DD');
  });
});

describe('bundles', () => {
  it('are transactions of PUT entries whose id, type, url and fullUrl agree', () => {
    const id = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    const wrong = bundles
      .flatMap(({ entry }) => entry ?? [])
      .filter(({ fullUrl, request, resource }) => {
        const named = `${resource?.resourceType}/${resource?.id}`;
        const agrees =
          fullUrl === `urn:uuid:${resource?.id}` && request?.method === 'PUT' && request.url === named;
        return !agrees || !id.test(resource?.id ?? '');
      });
    expect(wrong).toEqual([]);
    expect(bundles.map(({ type }) => type)).toEqual(bundles.map(() => 'transaction'));
  });

  it('have no id twice', () => {
    const ids = everything().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refer only to what is in the same or an earlier one', () => {
    const known = new Set<string>();
    const dangling: string[] = [];
    for (const bundle of bundles) {
      for (const { resourceType, id } of resourcesOf(bundle)) known.add(`${resourceType}/${id}`);
      eachString(bundle, (text, path) => {
        const refers = path.endsWith('.reference') || /^Binary\//.test(text);
        if (refers && !known.has(text)) dangling.push(`${path}: ${text}`);
      });
    }
    expect(dangling).toEqual([]);
  });

  it('hold one patient each, and nothing of another one', () => {
    const strangers: string[] = [];
    for (const bundle of bundles.slice(SHARED_BUNDLES)) {
      const patients = resourcesOf(bundle).filter(({ resourceType }) => resourceType === 'Patient');
      expect(patients).toHaveLength(1);
      eachString(bundle, (text, path) => {
        if (path.endsWith('.reference') && /^Patient\//.test(text) && text !== `Patient/${patients[0]?.id}`)
          strangers.push(text);
      });
    }
    expect(strangers).toEqual([]);
  });

  it('have no empty property', () => {
    const empty: string[] = [];
    const visit = (value: unknown, path: string): void => {
      const isEmpty = value === null || value === undefined || value === '';
      if (isEmpty || (typeof value === 'object' && Object.keys(value).length === 0)) empty.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [name, item] of Object.entries(value)) visit(item, `${path}.${name}`);
    };
    visit(bundles, 'bundles');
    expect(empty).toEqual([]);
  });
});

describe('dates', () => {
  const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}[-+]\d{2}:\d{2})?$/;
  /** What may lie ahead: aims, shelf lives. What may lie before birth: the making of an implant, and of a survey. */
  const AHEAD = /\.(dueDate|expirationDate)$/;
  const BEFORE = /^(Questionnaire|FamilyMemberHistory)/;
  /** What is settled after a death: bills, and the goals that no longer hold. */
  const PAPERWORK = ['Claim', 'ExplanationOfBenefit', 'Goal'];

  it('lie between birth and the date of the demo, and none but paperwork after death', () => {
    const wrong: string[] = [];
    for (const bundle of bundles.slice(SHARED_BUNDLES)) {
      const patient = resourcesOf(bundle).find((one): one is Patient => one.resourceType === 'Patient')!;
      const [birth, death] = [patient.birthDate!, patient.deceasedDateTime ?? DEMO_AS_OF];
      for (const resource of resourcesOf(bundle)) {
        const end = PAPERWORK.includes(resource.resourceType) ? DEMO_AS_OF : death;
        eachString(resource, (text, name) => {
          const path = `${resource.resourceType}.${name}`;
          if (!DATE.test(text) || AHEAD.test(path) || BEFORE.test(path)) return;
          if (text.slice(0, 10) < birth || Date.parse(text) > Date.parse(end)) wrong.push(`${path} ${text}`);
        });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('begin before they end', () => {
    const wrong: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const { start, end } = value as { start?: unknown; end?: unknown };
      if (typeof start === 'string' && typeof end === 'string' && Date.parse(start) > Date.parse(end))
        wrong.push(`${start} > ${end}`);
      for (const item of Object.values(value)) visit(item);
    };
    visit(bundles);
    expect(wrong).toEqual([]);
  });
});

describe('the people with accounts', () => {
  const find = (reference: string): Resource | undefined =>
    everything().find(({ resourceType, id }) => `${resourceType}/${id}` === reference);

  it('are there as soon as there are two patients', () => {
    const { clinician, clinicianRole, patient, parent, child } = demoIdentities(1);
    const references = [
      `Practitioner/${clinician}`,
      `PractitionerRole/${clinicianRole}`,
      `Patient/${patient}`,
      `RelatedPerson/${parent}`,
      `Patient/${child}`,
    ];
    const two = new Set(
      [...demoRecords({ patients: 2, seed: 1 })].flatMap((bundle) =>
        (bundle.entry ?? []).map(({ request }) => request?.url),
      ),
    );
    expect(references.filter((reference) => !two.has(reference))).toEqual([]);
  });

  it('have the parts that they play', () => {
    const { clinicianRole, clinician, parent, child, patient } = demoIdentities(1);
    expect(find(`PractitionerRole/${clinicianRole}`)).toMatchObject({
      practitioner: { reference: `Practitioner/${clinician}` },
    });
    expect(find(`RelatedPerson/${parent}`)).toMatchObject({ patient: { reference: `Patient/${child}` } });
    expect(find(`Patient/${child}`)).toMatchObject({
      name: [{ family: 'Chen', given: ['Maya', expect.any(String)] }],
    });
    const rich = bundles[SHARED_BUNDLES]!;
    expect(resourcesOf(rich)[0]).toMatchObject({ resourceType: 'Patient', id: patient });
    expect(
      resourcesOf(rich).filter(({ resourceType }) => resourceType === 'Condition').length,
    ).toBeGreaterThan(5);
  });
});

describe('children', () => {
  const heights = (bundle: DemoBundle): number[] =>
    resourcesOf(bundle)
      .filter((one): one is Observation => one.resourceType === 'Observation')
      .filter(({ code, valueQuantity }) => code.coding?.[0]?.code === '8302-2' && valueQuantity !== undefined)
      .sort((one, other) => Date.parse(one.effectiveDateTime!) - Date.parse(other.effectiveDateTime!))
      .map(({ valueQuantity }) => valueQuantity!.value!);

  it('never shrink', () => {
    const grown = bundles.slice(SHARED_BUNDLES).filter((bundle) => {
      const patient = resourcesOf(bundle)[0] as Patient;
      return dayOf(DEMO_AS_OF) - dayOf(patient.birthDate!) < 18 * 365;
    });
    expect(grown.length).toBeGreaterThan(15);
    for (const bundle of grown) {
      const measured = heights(bundle);
      expect(measured).toEqual([...measured].sort((one, other) => one - other));
    }
  });

  it('are of the size that their age has', () => {
    const maya = heights(bundles[SHARED_BUNDLES + 1]!);
    expect(maya.length).toBeGreaterThan(10);
    expect(maya[0]).toBeGreaterThan(45);
    expect(maya[0]).toBeLessThan(56);
    expect(maya.at(-1)).toBeGreaterThan(108);
    expect(maya.at(-1)).toBeLessThan(130);
  });
});

describe('size and speed', () => {
  it('is some 150 to 400 resources a patient', () => {
    const average =
      bundles.slice(SHARED_BUNDLES).reduce((sum, { entry }) => sum + entry!.length, 0) / PATIENTS;
    expect(average).toBeGreaterThan(150);
    expect(average).toBeLessThan(400);
  });

  it('is below 2.5 KB a resource and 3 MB a record', () => {
    const sizes = bundles.map((bundle) => JSON.stringify(bundle).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total / everything().length).toBeLessThan(2500);
    expect(Math.max(...sizes)).toBeLessThan(3_000_000);
  });

  it('makes a hundred patients in seconds', () => {
    expect(seconds).toBeLessThan(20);
  });
});
