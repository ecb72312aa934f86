/** What the program is built from is said exactly, and is what it was when it was tried. https://slsa.dev/spec/v1.0/threats */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (name: string): unknown => JSON.parse(readFileSync(resolve(ROOT, name), 'utf8'));

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly link?: boolean }>
  >;
}

it('[48] every package is pinned to one version, with the hash of its content', () => {
  const { dependencies = {}, devDependencies = {} } = read('package.json') as Package;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
  );
  expect(loose).toEqual([]);
  const { packages } = read('package-lock.json') as Lock;
  const unhashed = Object.entries(packages).filter(
    ([name, { integrity, link }]) => name !== '' && !link && !/^sha512-/.test(integrity ?? ''),
  );
  expect(unhashed.map(([name]) => name)).toEqual([]);
  for (const [name, version] of Object.entries(dependencies))
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
});

it('[48] nothing that the program runs on is built on the machine', () => {
  const { scripts = {} } = read('package.json') as Package;
  expect(Object.keys(scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
});
