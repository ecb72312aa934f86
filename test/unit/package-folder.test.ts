// FHIR packages: folders and archives are read, and a broken one is refused with the name of its file.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadDefinitions } from '../../src/definitions-file.ts';
import { readPackages } from '../../src/package-folder.ts';
import { needs, sharedData } from '../needs.ts';
import { tgz } from '../support/tgz.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embergate-packages-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder of packages with these files in it. */
async function packages(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = join(folder, String(count++));
  await mkdir(root);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

const resource = (url: string): string => JSON.stringify({ resourceType: 'ValueSet', url });
const urls = async (root: string): Promise<unknown[]> =>
  (await readPackages(root)).map(({ tree }) => tree['url']);

describe('readPackages', () => {
  it('finds nothing where there is no folder, or nothing in it', async () => {
    expect(await urls(join(folder, 'absent'))).toEqual([]);
    expect(await urls(await packages({ 'README.md': '# here' }))).toEqual([]);
  });

  it('reads folders and archives in the order of their names', async () => {
    const root = await packages({
      'b/package.json': '{"name":"b","fhirVersions":["4.0.1"]}',
      'b/ValueSet-b.json': resource('http://e/b'),
      'c/package/package.json': '{"name":"c"}',
      'c/package/ValueSet-c.json': `\uFEFF${resource('http://e/c')}`,
      'c/package/other.json': '{"not":"a resource"}',
      'c/package/.index.json': 'no matter',
      'c/package/Patient-1.json': '{"resourceType":"Patient"}',
      'a.tgz': tgz([
        { name: 'package/package.json', body: '{"name":"a"}' },
        { name: 'package/ValueSet-a.json', body: resource('http://e/a') },
        { name: 'package/example/ValueSet-x.json', body: resource('http://e/x') },
      ]),
      '.hidden/ValueSet-h.json': resource('http://e/h'),
    });
    expect(await urls(root)).toEqual(['http://e/a', 'http://e/b', 'http://e/c']);
  });

  it('keeps the text as it stands in the file', async () => {
    const text = '{ "resourceType": "ValueSet", "url": "http://e/é", "x": 1.50 }';
    const [source] = await readPackages(await packages({ 'a/v.json': text }));
    expect(source!.text()).toBe(text);
  });

  it.each<[string, Record<string, string | Buffer>, RegExp]>([
    ['JSON is cut off', { 'a/v.json': '{"resourceType":' }, /a\/v\.json cannot be read: .*JSON/],
    [
      'JSON in an archive is broken',
      { 'a.tgz': tgz([{ name: 'package/v.json', body: '{' }]) },
      /a\.tgz: package\/v\.json cannot/,
    ],
    [
      'package is made for R5',
      { 'a/package.json': '{"fhirVersions":["5.0.0"]}' },
      /package\.json.*FHIR 5\.0\.0.*4\.0\.1/,
    ],
    ['archive is no archive', { 'a.tgz': 'hello' }, /a\.tgz cannot be read: it is no whole gzip archive/],
    ['archive is empty', { 'a.tgz': tgz([]) }, /a\.tgz cannot be read: it has no JSON file in package\//],
    [
      'archive reaches out',
      { 'a.tgz': tgz([{ name: 'package/../../x', body: '' }]) },
      /a file outside of itself/,
    ],
  ])('refuses a package whose %s, in one line', async (_name, files, message) => {
    const refused = readPackages(await packages(files));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/\n/);
  });
});

describe('loadDefinitions', () => {
  it('adds what packages define', async () => {
    const parameter = {
      resourceType: 'SearchParameter',
      url: 'http://e/sp',
      code: 'shoe',
      type: 'string',
      base: ['Patient'],
    };
    const root = await packages({ 'a/sp.json': JSON.stringify(parameter) });
    const definitions = await loadDefinitions({ packages: root });
    expect(definitions.searchParameters('Patient').get('shoe')?.url).toBe('http://e/sp');
  });
});

needs('shared-data/us-core-packages', 'loading US Core')('US Core 6.1.0', () => {
  const base = 'http://hl7.org/fhir/us/core';

  it('is loaded whole', async () => {
    const definitions = await loadDefinitions({ packages: sharedData('us-core-packages') });
    const profile = definitions.conformance(
      'StructureDefinition',
      `${base}/StructureDefinition/us-core-patient|6.1.0`,
    );
    expect(JSON.parse(profile!)).toMatchObject({ type: 'Patient', version: '6.1.0' });
    expect(definitions.searchParameters('Patient').get('race')?.url).toBe(
      `${base}/SearchParameter/us-core-race`,
    );
    expect(definitions.searchParameters('Patient').get('name')?.url).toBe(
      'http://hl7.org/fhir/SearchParameter/Patient-name',
    );
  });
});
