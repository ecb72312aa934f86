// The parts of the sample apps that can be wrong in silence: growth percentiles, units, lines of the timeline, the signed assertion.

import { describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, verify, type JsonWebKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const APPS = resolve(import.meta.dirname, '..', '..', '..', 'smart-apps');
const load = async <T>(file: string): Promise<T> => (await import(join(APPS, file))) as T;

type Row = readonly [number, number, number, number];
interface Growth {
  parametersAt(table: readonly Row[], months: number): number[] | undefined;
  valueAt(lms: readonly number[], z: number): number;
  zScore(lms: readonly number[], value: number): number;
  percentile(z: number): number;
  ageInMonths(birth: string, date: string): number;
}
const growth = await load<Growth>('growth-chart/growth.js');
const { REFERENCE } = await load<{ REFERENCE: Record<string, Record<string, Row[]>> }>(
  'growth-chart/reference.js',
);

describe('growth', () => {
  it.each(Object.keys(REFERENCE).flatMap((kind) => ['male', 'female'].map((sex) => [kind, sex] as const)))(
    'the table of %s, %s, rises in age and keeps its percentiles in order',
    (kind, sex) => {
      const table = REFERENCE[kind]![sex]!;
      table.forEach(([age], i) => expect(age).toBeGreaterThan(table[i - 1]?.[0] ?? -1));
      for (const [, ...lms] of table) {
        const values = [-2, -1, 0, 1, 2].map((z) => growth.valueAt(lms, z));
        expect(values).toEqual([...values].sort((a, b) => a - b));
        expect(values[2]).toBeCloseTo(lms[1], 9);
      }
    },
  );

  it('a value and its z-score are two sides of one thing, also where L is 0', () => {
    for (const lms of [
      [-1.6, 16, 0.1],
      [0, 12, 0.11],
      [1.2, 120, 0.04],
    ]) {
      for (const z of [-2.5, -0.3, 0, 1.7])
        expect(growth.zScore(lms, growth.valueAt(lms, z))).toBeCloseTo(z, 9);
    }
  });

  it('percentiles are those of the normal distribution', () => {
    expect(growth.percentile(0)).toBeCloseTo(50, 4);
    expect(growth.percentile(-1.88079)).toBeCloseTo(3, 3);
    expect(growth.percentile(1.28155)).toBeCloseTo(90, 3);
  });

  it('goes between rows, and says nothing outside of them', () => {
    const table: Row[] = [
      [0, 1, 50, 0.05],
      [10, 1, 70, 0.05],
    ];
    expect(growth.parametersAt(table, 5)).toEqual([1, 60, 0.05]);
    expect(growth.parametersAt(table, 11)).toBeUndefined();
    expect(growth.parametersAt(table, -1)).toBeUndefined();
    expect(growth.ageInMonths('2020-01-15', '2021-01-15')).toBeCloseTo(12, 1);
  });
});

interface Reading {
  readonly value: number;
  readonly date: string;
}
interface Measures {
  MEASURES: readonly { id: string }[];
  readonly readings: (observations: readonly unknown[]) => readonly unknown[];
  readonly readingsOf: (measure: unknown, all: readonly unknown[]) => readonly Reading[];
}

describe('measurements', () => {
  const reading = (code: string, value: number, unit: string, more: object = {}): object => ({
    id: 'o',
    status: 'final',
    effectiveDateTime: '2024-01-01',
    code: { coding: [{ system: 'http://loinc.org', code }] },
    valueQuantity: { value, code: unit },
    ...more,
  });

  it('turns units into its own, leaves out what it cannot turn and what was a mistake', async () => {
    const { MEASURES, readings, readingsOf } = await load<Measures>('growth-chart/measures.js');
    const all = readings([
      reading('8302-2', 1.2, 'm'),
      reading('8302-2', 50, '[in_i]', { effectiveDateTime: '2023-01-01' }),
      reading('8302-2', 3, 'furlong'),
      reading('8302-2', 9, 'cm', { status: 'entered-in-error' }),
    ]);
    const height = MEASURES.find(({ id }) => id === 'height');
    expect(readingsOf(height, all).map(({ value }) => value)).toEqual([127, 120]);
  });

  it('finds the parts of a panel', async () => {
    const { MEASURES, readings, readingsOf } = await load<Measures>('growth-chart/measures.js');
    const panel = { ...reading('85354-9', 0, ''), valueQuantity: undefined };
    const all = readings([{ ...panel, component: [reading('8480-6', 118, 'mm[Hg]')] }]);
    const systolic = MEASURES.find(({ id }) => id === 'systolic');
    expect(readingsOf(systolic, all)).toEqual([expect.objectContaining({ value: 118, date: '2024-01-01' })]);
  });
});

describe('timeline', () => {
  it('is newest first, undated last, without mistakes', async () => {
    const { timeline } = await load<{
      timeline: (r: readonly object[]) => { what: string; when?: string }[];
    }>('my-record/entries.js');
    const condition = (text: string, onsetDateTime?: string, code?: string): object => ({
      resourceType: 'Condition',
      code: { text },
      onsetDateTime,
      verificationStatus: { coding: [{ code }] },
    });
    const lines = timeline([
      condition('a'),
      condition('b', '2020-01-01'),
      condition('c', '2022'),
      condition('d', '2023', 'entered-in-error'),
    ]);
    expect(lines.map(({ what }) => what)).toEqual(['c', 'b', 'a']);
  });
});

describe('the backend service', () => {
  it.each([
    ['RS384', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ])('signs an assertion with %s that its public key confirms', async (alg, pair) => {
    const { assertion } = await load<{ assertion: (k: JsonWebKey, c: string, t: string) => string }>(
      'cohort/cohort.mjs',
    );
    const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'k1' };
    const [head, claims, signature] = assertion(jwk, 'me', 'http://as/token').split('.');
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head!)).toEqual({ alg, kid: 'k1', typ: 'JWT' });
    expect(read(claims!)).toMatchObject({ iss: 'me', sub: 'me', aud: 'http://as/token' });
    const key = createPublicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }));
    const proof = Buffer.from(signature!, 'base64url');
    expect(
      verify('sha384', Buffer.from(`${head}.${claims}`), { key, dsaEncoding: 'ieee-p1363' }, proof),
    ).toBe(true);
  });
});

describe('every app', () => {
  const folders = readdirSync(APPS, { withFileTypes: true }).filter(
    (one) => one.isDirectory() && one.name !== 'lib',
  );
  it.each(folders.map(({ name }) => name))('%s has its registration and its README', (name) => {
    const text = readFileSync(join(APPS, name, 'smart-app.json'), 'utf8');
    const app = JSON.parse(text) as Record<string, unknown>;
    for (const field of ['client_id', 'client_name', 'description', 'modes', 'scope'])
      expect(app).toHaveProperty(field);
    expect(readFileSync(join(APPS, name, 'README.md'), 'utf8')).toMatch(/^# /);
    const files = [app['launch_uri'], ...((app['redirect_uris'] as string[] | undefined) ?? [])];
    for (const file of files.filter((one) => one !== undefined))
      expect(readdirSync(join(APPS, name))).toContain(file);
  });
});
