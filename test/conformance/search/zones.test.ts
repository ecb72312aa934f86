/** The search cases under other time zones: no answer depends on where the server stands. https://hl7.org/fhir/R4/search.html#date */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { needs } from '../../needs.ts';
import { startMongod, type Mongod } from '../../support/mongod.ts';

const CHILD = resolve(import.meta.dirname, 'zones-child.ts');

/** Minutes that UTC is ahead on the first of January. */
const ZONES: readonly (readonly [zone: string, offset: number])[] = [
  ['UTC', 0],
  ['Pacific/Kiritimati', -840],
  ['America/St_Johns', 210],
];

async function answersIn(zone: string, reader: string): Promise<unknown> {
  const options = { env: { ...process.env, TZ: zone, NODE_OPTIONS: '' }, maxBuffer: 1 << 24 };
  const args = ['--disable-warning=ExperimentalWarning', CHILD, reader];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

const all = (offset: number) => ({ offset, cases: expect.any(Number), faults: [] });

it.each(ZONES)(
  'match and SQLite answer the same in %s',
  async (zone, offset) => {
    expect(await answersIn(zone, 'match')).toEqual(all(offset));
    expect(await answersIn(zone, 'sqlite')).toEqual(all(offset));
  },
  240_000,
);

needs('mongod', 'search cases on MongoDB under time zones')('on a real MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());

  it.each(ZONES.slice(1))(
    'MongoDB answers the same in %s',
    async (zone, offset) => {
      expect(await answersIn(zone, mongod.freshUri())).toEqual(all(offset));
    },
    240_000,
  );
});
