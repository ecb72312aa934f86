// `embergate package` as a user runs it, against a registry on the loopback, with sound packages and hostile ones.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { compareVersions } from '../../../src/package-list.ts';
import { needs, sharedData } from '../../needs.ts';
import { commandIn, type Ran } from '../../support/command.ts';
import { tgz, type TarFile } from '../../support/tgz.ts';

interface Published {
  readonly bytes: Buffer;
  /** what the registry says of it, when that is not so */
  readonly integrity?: string;
}

let root: string;
let server: Server;
let registry: string;
const published = new Map<string, Published>();
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'embergate-package-'));
  server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const archive = published.get(path.replace('/-/', '@'));
    if (archive) return response.end(archive.bytes);
    const own = [...published].filter(([key]) => key.slice(0, key.lastIndexOf('@')) === path);
    if (own.length === 0) return response.writeHead(404).end('{}');
    const versions = own.map(([key, { bytes, integrity }]) => {
      const version = key.slice(key.lastIndexOf('@') + 1);
      const hash = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const dist = { tarball: `${registry}/${path}/-/${version}`, integrity: integrity ?? hash };
      return [version, { name: path, version, dist }];
    });
    response.end(JSON.stringify({ name: path, versions: Object.fromEntries(versions) }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(root, { recursive: true });
});

async function place(): Promise<{ folder: string; run: (...args: string[]) => Promise<Ran> }> {
  const folder = join(root, String(count++));
  await mkdir(folder);
  const command = commandIn(folder, { PACKAGE_REGISTRIES: registry, EGRESS_ALLOW: '127.0.0.1' });
  return { folder, run: (verb = '', ...args) => command(['package', verb, ...args, '--profiles', folder]) };
}

const about = (name: string, version: string, more: object = {}): TarFile => ({
  name: 'package/package.json',
  body: JSON.stringify({ name, version, fhirVersions: ['4.0.1'], ...more }),
});
const valueSet = (url: string, version: string): TarFile => ({
  name: 'package/ValueSet-x.json',
  body: JSON.stringify({ resourceType: 'ValueSet', url, version, status: 'active' }),
});
const sound = (name: string, version: string, more: object = {}): Buffer =>
  tgz([about(name, version, more), valueSet(`http://e/${name}`, version)]);
const publish = (name: string, version: string, bytes: Buffer, integrity?: string): void => {
  published.set(`${name}@${version}`, { bytes, ...(integrity !== undefined && { integrity }) });
};
const listOf = async (folder: string): Promise<{ packages: Record<string, string>[] }> =>
  JSON.parse(await readFile(join(folder, 'packages.json'), 'utf8')) as { packages: Record<string, string>[] };

describe('embergate package', () => {
  it('adds from a registry with what it builds on, names what cannot be had, lists and removes', async () => {
    publish('e.base', '1.0.0', sound('e.base', '1.0.0'));
    publish('e.base', '1.0.2', sound('e.base', '1.0.2'));
    const dependencies = { 'hl7.fhir.r4.core': '4.0.1', 'e.base': '1.0.x', 'e.absent': '3.0.0' };
    publish('e.guide', '2.0.0', sound('e.guide', '2.0.0', { dependencies }));
    const { folder, run } = await place();
    const added = await run('add', 'e.guide@2.0.0');
    expect(added).toMatchObject({ code: 0 });
    expect(added.out).toMatch(/added e\.guide@2\.0\.0.*\n.*added e\.base@1\.0\.2/);
    expect(added.err).toMatch(/not at hand: e\.absent@3\.0\.0, which e\.guide builds on: .*does not have it/);
    const { packages } = await listOf(folder);
    expect(packages.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'e.base@1.0.2',
      'e.guide@2.0.0',
    ]);
    expect(packages[1]).toMatchObject({
      source: `${registry}/e.guide/-/2.0.0`,
      integrity: expect.stringMatching(/^sha512-[\w+/]{86}==$/),
    });
    expect((await run('list')).out).toMatch(/e\.guide@2\.0\.0\twhole\t.*\tlacks e\.absent/);
    expect((await run('remove', 'e.guide')).out).toBe('removed e.guide@2.0.0\n');
    expect((await listOf(folder)).packages).toHaveLength(1);
    expect((await run('remove', 'e.guide')).err).toMatch(/there is no package "e\.guide"/);
  }, 60_000);

  it('has a server load several versions, refuse a changed one, and fetch a missing one again', async () => {
    publish('e.two', '1.9.0', sound('e.two', '1.9.0'));
    publish('e.two', '1.10.0', sound('e.two', '1.10.0'));
    const { folder, run } = await place();
    await run('add', 'e.two@1.10.0', 'e.two@1.9.0');
    const definitions = await loadDefinitions({ packages: folder });
    expect(definitions.conformance('ValueSet', 'http://e/e.two|1.9.0')).toContain('"1.9.0"');
    // Without a version the newest counts, whichever came last.
    expect(definitions.conformance('ValueSet', 'http://e/e.two')).toContain('"1.10.0"');
    const path = join(folder, '.packages', 'e.two-1.9.0.tgz');
    await writeFile(path, sound('e.two', '1.9.0', { note: 'another' }));
    await expect(loadDefinitions({ packages: folder })).rejects.toThrow(
      /e\.two@1\.9\.0 is refused: .*sha512 differs.*embergate package add e\.two@1\.9\.0/,
    );
    await rm(path);
    await expect(loadDefinitions({ packages: folder })).rejects.toThrow(/run "embergate package add"/);
    expect((await run('add')).out).toContain('added e.two@1.9.0');
    await expect(loadDefinitions({ packages: folder })).resolves.toBeDefined();
  }, 60_000);

  it('packs a folder with its examples, but follows no link in it', async () => {
    const { folder, run } = await place();
    const own = join(folder, 'own');
    await mkdir(join(own, 'example'), { recursive: true });
    await writeFile(join(own, 'package.json'), about('e.own', '0.1.0').body);
    await writeFile(join(own, 'ValueSet-x.json'), valueSet('http://e/own', '0.1.0').body);
    await writeFile(join(own, 'example', 'Patient-1.json'), '{"resourceType":"Patient"}');
    expect((await run('add', own)).out).toContain('added e.own@0.1.0');
    await symlink('/etc/hostname', join(own, 'x.json'));
    expect(await run('add', own)).toMatchObject({ code: 1, err: expect.stringContaining('symbolic link') });
  }, 60_000);

  it.each<[string, readonly TarFile[] | Buffer, RegExp]>([
    [
      'reaches out of itself',
      [about('e.x', '1.0.0'), { name: '../../x.json', body: '' }],
      /outside of itself/,
    ],
    ['has a link', [about('e.x', '1.0.0'), { name: 'package/a.json', body: '', kind: '2' }], /symbolic link/],
    ['is a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024)), /unpacks to more than/],
    [
      'has broken JSON',
      [about('e.x', '1.0.0'), { name: 'package/a.json', body: '{' }],
      /a\.json cannot be read/,
    ],
    [
      'calls itself otherwise',
      [about('e.other', '1.0.0')],
      /calls itself e\.other@1\.0\.0, and e\.x@1\.0\.0/,
    ],
    ['has another version', [about('e.x', '9.0.0')], /calls itself e\.x@9\.0\.0/],
    ['has a name that is a path', [about('../../x', '1.0.0')], /no name of a package/],
    ['has no package.json', [valueSet('http://e/x', '1')], /package\.json.*is missing/],
    ['is for R5', [about('e.x', '1.0.0', { fhirVersions: ['5.0.0'] })], /made for FHIR 5\.0\.0/],
    [
      'has a resource that R4 does not know',
      [about('e.x', '1.0.0'), { name: 'package/a.json', body: '{"resourceType":"Shoe","url":"http://e/s"}' }],
      /a\.json: "Shoe" is no resource type/,
    ],
    [
      'defines anew what a Patient is',
      [
        about('e.x', '1.0.0'),
        {
          name: 'package/a.json',
          body: '{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/Patient"}',
        },
      ],
      /R4 itself/,
    ],
    [
      'has a profile without elements',
      [
        about('e.x', '1.0.0'),
        {
          name: 'package/a.json',
          body: '{"resourceType":"StructureDefinition","url":"http://e/s","type":"Patient","snapshot":{"element":7}}',
        },
      ],
      /neither a snapshot nor a differential/,
    ],
  ])(
    'refuses a package that %s, and keeps nothing of it',
    async (_name, content, message) => {
      publish('e.x', '1.0.0', Buffer.isBuffer(content) ? content : tgz(content));
      const { folder, run } = await place();
      const refused = await run('add', 'e.x@1.0.0');
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(message);
      expect(refused.err.trim()).not.toMatch(/\n/);
      expect(existsSync(join(folder, 'packages.json'))).toBe(false);
      expect(existsSync(join(folder, '.packages'))).toBe(false);
    },
    60_000,
  );

  it('refuses an archive whose hash is not what the registry says, and our own network unless allowed', async () => {
    publish('e.hash', '1.0.0', sound('e.hash', '1.0.0'), `sha512-${'A'.repeat(86)}==`);
    const { folder, run } = await place();
    expect((await run('add', 'e.hash@1.0.0')).err).toMatch(/its hash differs/);
    const closed = commandIn(folder, { PACKAGE_REGISTRIES: registry });
    const refused = await closed(['package', 'add', 'e.hash@1.0.0', '--profiles', folder]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('only https is fetched') });
  }, 60_000);
});

describe('compareVersions', () => {
  it('goes by numbers, and puts what comes before a release before it', () => {
    const versions = ['1.10.0', '1.9.0', '2.0.0', '2.0.0-ballot', '1.9'];
    expect(versions.sort(compareVersions)).toEqual(['1.9.0', '1.9', '1.10.0', '2.0.0-ballot', '2.0.0']);
  });
});

needs('shared-data/us-core-packages', 'adding US Core')('US Core', () => {
  it('is added in three versions, side by side', async () => {
    const { folder, run } = await place();
    const files = ['us_core_311.tgz', 'us_core_501.tgz', 'us_core_610.tgz'];
    const paths = files.map((name) => join(sharedData('us-core-packages'), name));
    const added = await run('add', '--no-dependencies', ...paths);
    expect(added).toMatchObject({ code: 0, err: '' });
    const definitions = await loadDefinitions({ packages: folder });
    const url = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient';
    const versions = ['3.1.1', '5.0.1', '6.1.0'];
    for (const version of versions)
      expect(JSON.parse(definitions.conformance('StructureDefinition', `${url}|${version}`)!)).toMatchObject({
        version,
      });
    expect(definitions.conformance('StructureDefinition', url)).toContain('"6.1.0"');
    const statement = 'http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server';
    expect(definitions.conformance('CapabilityStatement', statement)).toBeDefined();
  }, 120_000);
});
