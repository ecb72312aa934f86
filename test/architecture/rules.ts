// The rules of the house over a set of source files. Each gives one sentence a breach, and nothing where all is well.

import {
  DOORS,
  PACKAGE_ROOMS,
  PASSIVE_NETWORK,
  PURE_BUILTINS,
  READS_ENVIRONMENT,
  SIDE_ROOMS,
  WAYS_OUT,
  WINGS,
} from './order.ts';
import { importsOf, impureUses, networkUses, readsEnvironment, type Sources } from './parse.ts';

const wingOrder: readonly string[] = WINGS;

/** The wing or room of a file; `top` for the files that stand directly in src. */
export function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? 'top') : 'top';
}

function mayImport(from: string, to: string): boolean {
  if (from === to || to === 'telemetry' || from === 'top') return true;
  const side = SIDE_ROOMS[from];
  if (side !== undefined) return side.includes(to);
  return wingOrder.includes(to) && wingOrder.indexOf(to) < wingOrder.indexOf(from);
}

function doorIsShut(path: string, from: string, to: string): boolean {
  const door = DOORS[to];
  return from !== to && door !== undefined && !door.includes(from) && !door.includes(path);
}

function wrongWay(path: string, target: string): string | undefined {
  if (!target.startsWith('src/')) {
    const stranger = /^(test|bench|scripts)\//.test(target);
    return stranger ? `${path} imports ${target}: the program does not depend on its tools` : undefined;
  }
  const [from, to] = [roomOf(path), roomOf(target)];
  if (mayImport(from, to) && !doorIsShut(path, from, to)) return undefined;
  return `${path} imports ${target}: ${from} may not import ${to}`;
}

const ownImports = (path: string, source: string): readonly string[] =>
  importsOf(path, source).filter((name) => /^(src|test|bench|scripts)\//.test(name));

/** Imports that run against the order of the wings. */
export function wrongWayImports(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, source]) =>
    ownImports(path, source)
      .map((target) => wrongWay(path, target))
      .filter((breach) => breach !== undefined),
  );
}

/** Folders under src that are in no table, so that a room cannot appear unnoticed. */
export function unknownRooms(sources: Sources): readonly string[] {
  const rooms = new Set([...sources.keys()].map(roomOf));
  const known = ['top', ...WINGS, ...Object.keys(SIDE_ROOMS)];
  return [...rooms].filter((room) => !known.includes(room)).map((room) => `src/${room} is in no table`);
}

/** Files that import each other in a circle, each circle once, types included. */
export function importCycles(sources: Sources): readonly string[] {
  const graph = new Map([...sources].map(([path, source]) => [path, ownImports(path, source)]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

/** `@scope/name/deep` and `name/deep` by the name that package.json knows. */
const packageName = (name: string): string =>
  name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? name);

function outsideRoom(path: string, name: string): string | undefined {
  const rooms = PACKAGE_ROOMS[name.startsWith('node:') ? name : packageName(name)];
  if (rooms === undefined) {
    return name.startsWith('node:') ? undefined : `${path} imports ${name}, which has no room in order.ts`;
  }
  return rooms.some((room) => path.startsWith(room))
    ? undefined
    : `${path} imports ${name}, whose room is ${rooms.join(', ')}`;
}

/** What a file imports that is not ours: packages and built-in modules. */
const foreignImports = (path: string, source: string): readonly string[] =>
  importsOf(path, source)
    .filter((name) => !/^(src|test|bench|scripts|\.\.)\//.test(name))
    .filter((name) => !/\.(json|ya?ml)$/.test(name));

/** Packages outside their room. */
export function packagesOutsideRoom(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, source]) =>
    foreignImports(path, source)
      .map((name) => outsideRoom(path, name))
      .filter((breach) => breach !== undefined),
  );
}

/** Packages that the program imports without naming them as dependencies in package.json. */
export function undeclaredPackages(sources: Sources, declared: readonly string[]): readonly string[] {
  return [...sources].flatMap(([path, source]) =>
    foreignImports(path, source)
      .filter((name) => !name.startsWith('node:') && !declared.includes(packageName(name)))
      .map((name) => `${path} imports ${name}, which is not among the dependencies of package.json`),
  );
}

/** Uses of I/O, clock, chance, timers or network in the pure wing. */
export function impurities(sources: Sources): readonly string[] {
  return [...sources]
    .filter(([path]) => roomOf(path) === 'fhir')
    .flatMap(([path, source]) => {
      const modules = importsOf(path, source).filter(
        (name) => name.startsWith('node:') && !PURE_BUILTINS.includes(name),
      );
      return [...modules, ...impureUses(source)].map((use) => `${path} uses ${use}: fhir is pure`);
    });
}

/** Files that read the environment though they are not the one that may. */
export function environmentReaders(sources: Sources): readonly string[] {
  return [...sources]
    .filter(([path, source]) => path !== READS_ENVIRONMENT && readsEnvironment(source))
    .map(([path]) => `${path} reads process.env: only ${READS_ENVIRONMENT} may`);
}

/** Files that open connections by themselves, past the one guarded way out. */
export function waysOut(sources: Sources): readonly string[] {
  return [...sources]
    .filter(([path]) => !WAYS_OUT.some((room) => path.startsWith(room)))
    .flatMap(([path, source]) =>
      networkUses(source, PASSIVE_NETWORK).map(
        (use) => `${path} uses ${use}: what goes out goes through src/access/egress`,
      ),
    );
}
