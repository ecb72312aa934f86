// What the user asks of the bench: options and names of workloads.
// https://nodejs.org/api/util.html#utilparseargsconfig

import { parseArgs } from 'node:util';
import { WORKLOADS } from './workloads.ts';

export type Options = {
  readonly only: readonly string[];
  readonly store: 'sqlite' | 'mongo';
  readonly seconds: number;
  readonly pairs: number;
  readonly connections: number;
  readonly patients: number;
  readonly importPatients: number;
  readonly workers: string | undefined;
  readonly validation: string;
  /** Entry file of the server; undefined for this checkout's own. */
  readonly server: string | undefined;
  /** a file with a policy */
  readonly policy: string | undefined;
  readonly quick: boolean;
  /** of `search`, in resources */
  readonly sizes: readonly number[];
};

/** Imports are workloads too, but each pair of them begins on an empty store. */
export const IMPORTS = ['import-demo', 'import-synthea'] as const;

/** These measure the server against itself, with and without tokens; `access` means all of them. */
export const ACCESS = [
  'access-read',
  'access-search',
  'access-search-code',
  'access-search-all',
  'access-token-es384',
  'access-token-rs384',
] as const;
export type AccessName = (typeof ACCESS)[number];

/** These measure the server against itself, with and without the audit trail; `audit` means all of them. */
export const AUDIT = ['audit-read', 'audit-search', 'audit-import'] as const;
export type AuditName = (typeof AUDIT)[number];

/** Measured inside the process of the bench against another library: no server is started for them. */
export const IN_PROCESS = ['fhirpath', 'validate'] as const;

/** Searches in this process against bare SQL, at the sizes of `--sizes`; asked for by name only, since a million resources take their time. */
export const SEARCH = 'search';

export const NAMES: readonly string[] = [
  ...WORKLOADS.map(({ name }) => name),
  ...IMPORTS,
  ...ACCESS,
  ...AUDIT,
  ...IN_PROCESS,
];

const FAMILIES: Readonly<Record<string, readonly string[]>> = { access: ACCESS, audit: AUDIT };

export const USAGE = `npm run bench [-- NAME… OPTIONS]
  NAME                 ${NAMES.join(', ')} (all); access and audit are all of their own;
                       search compares with bare SQL and only runs when it is named
  --only NAME          the same as NAME
  --store KIND         sqlite or mongo (sqlite)
  --seconds N          length of one measurement (4)
  --pairs N            measurements of floor and server (or of open and smart) in turn (5)
  --connections N      keep-alive connections of the driver (16)
  --patients N         patients with 100 observations each to read and search (120)
  --import-patients N  patients of one import (60)
  --workers N          WORKERS of the server (its default)
  --validation MODE    VALIDATION of the server (strict)
  --server FILE        src/main.ts of another checkout, to compare with
  --policy FILE        a policy that is stored before access is measured (docs/policies.md)
  --sizes N,N          resources of search (100000,1000000)
  --quick              a smoke of seconds: shows that it works, measures nothing worth keeping`;

export class UsageError extends Error {}

const QUICK = { seconds: '0.3', pairs: '1', connections: '4', patients: '120', 'import-patients': '2' };
const FULL = { seconds: '4', pairs: '5', connections: '16', patients: '120', 'import-patients': '60' };

const OPTIONS = {
  only: { type: 'string', multiple: true },
  store: { type: 'string', default: 'sqlite' },
  seconds: { type: 'string' },
  pairs: { type: 'string' },
  connections: { type: 'string' },
  patients: { type: 'string' },
  'import-patients': { type: 'string' },
  workers: { type: 'string' },
  validation: { type: 'string', default: 'strict' },
  server: { type: 'string' },
  policy: { type: 'string' },
  quick: { type: 'boolean', default: false },
  sizes: { type: 'string' },
} as const;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new UsageError(`--${name} is "${text}": give a number above 0`);
}

function namesOf(given: readonly string[]): readonly string[] {
  const unknown = given.find((name) => !(name in FAMILIES) && name !== SEARCH && !NAMES.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`There is no workload "${unknown}": give ${[...NAMES, SEARCH].join(', ')}`);
  return given.length === 0 ? NAMES : given.flatMap((name) => FAMILIES[name] ?? [name]);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Throws UsageError with one line that says what to give instead. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.store !== 'sqlite' && values.store !== 'mongo') {
    throw new UsageError(`--store is "${values.store}": give sqlite or mongo`);
  }
  const defaults = values.quick ? QUICK : FULL;
  const number = (name: keyof typeof FULL): number => positive(name, values[name] ?? defaults[name]);
  return {
    only: namesOf([...positionals, ...(values.only ?? [])]),
    store: values.store,
    seconds: number('seconds'),
    pairs: number('pairs'),
    connections: number('connections'),
    patients: number('patients'),
    importPatients: number('import-patients'),
    workers: values.workers,
    validation: values.validation,
    server: values.server,
    policy: values.policy,
    quick: values.quick,
    sizes: (values.sizes ?? (values.quick ? '2000' : '100000,1000000'))
      .split(',')
      .map((one) => positive('sizes', one)),
  };
}
