// What was measured, as figures for the JSON file and as rows for a terminal.

import type { Measurement } from './measure.ts';
import { quantile, spreadOf, type Spread } from './statistics.ts';
import type { Kind } from './subjects.ts';

export type Pair = { readonly floor: Measurement; readonly server: Measurement };

export type Side = {
  readonly rate: Spread;
  readonly cpuPer1000?: number;
  readonly mongodCpuPer1000?: number;
  readonly peakMB?: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Figure = {
  readonly name: string;
  readonly title: string;
  readonly unit: 'requests' | 'resources';
  readonly floor: Side;
  readonly server: Side;
  /** Server's rate over the floor's, pair by pair. */
  readonly ratio: Spread;
  readonly diskBytesAResource?: number;
  readonly jsonBytesAResource?: number;
};

const MEGABYTE = 1024 * 1024;

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : quantile(known, 0.5);
}

const sideOf = (pairs: readonly Pair[], kind: Kind): Side => sideOfAll(pairs.map((pair) => pair[kind]));

/** What one subject did in all measurements of it. */
export function sideOfAll(side: readonly Measurement[]): Side {
  const peaks = side.map(({ peakBytes }) => peakBytes).filter((value) => value !== undefined);
  return {
    rate: spreadOf(side.map(({ rate }) => rate)),
    cpuPer1000: medianOf(side.map(({ cpu }) => cpu)),
    mongodCpuPer1000: medianOf(side.map(({ mongodCpu }) => mongodCpu)),
    peakMB: peaks.length === 0 ? undefined : Math.max(...peaks) / MEGABYTE,
    p50Ms: quantile(
      side.map(({ p50 }) => p50),
      0.5,
    ),
    p99Ms: quantile(
      side.map(({ p99 }) => p99),
      0.5,
    ),
  };
}

export function figureOf(name: string, title: string, unit: Figure['unit'], pairs: readonly Pair[]): Figure {
  return {
    name,
    title,
    unit,
    floor: sideOf(pairs, 'floor'),
    server: sideOf(pairs, 'server'),
    ratio: spreadOf(pairs.map(({ floor, server }) => server.rate / floor.rate)),
    diskBytesAResource: medianOf(pairs.map(({ server }) => server.diskBytes)),
    jsonBytesAResource: medianOf(pairs.map(({ server }) => server.jsonBytes)),
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const fixed = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '-';

type Column = { readonly head: string; readonly width: number; readonly cell: (figure: Figure) => string };

const COLUMNS: readonly Column[] = [
  { head: 'workload', width: -26, cell: ({ title }) => title },
  { head: 'server/s', width: 9, cell: ({ server }) => whole(server.rate.median) },
  { head: 'floor/s', width: 9, cell: ({ floor }) => whole(floor.rate.median) },
  { head: 'ratio', width: 7, cell: ({ ratio }) => fixed(ratio.median, 2) },
  { head: 'least-most', width: 11, cell: ({ ratio }) => `${fixed(ratio.least, 2)}-${fixed(ratio.most, 2)}` },
  { head: 'CPU s/1000', width: 11, cell: ({ server }) => fixed(server.cpuPer1000, 3) },
  { head: 'floor', width: 7, cell: ({ floor }) => fixed(floor.cpuPer1000, 3) },
  { head: 'mongod', width: 8, cell: ({ server }) => fixed(server.mongodCpuPer1000, 3) },
  { head: 'p50 ms', width: 8, cell: ({ server }) => fixed(server.p50Ms, 2) },
  { head: 'p99 ms', width: 8, cell: ({ server }) => fixed(server.p99Ms, 2) },
  { head: 'peak MB', width: 8, cell: ({ server }) => fixed(server.peakMB, 0) },
];

const pad = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width));

export const tableHead = (): string => COLUMNS.map(({ head, width }) => pad(head, width)).join(' ');

export const tableRow = (figure: Figure): string =>
  COLUMNS.map(({ cell, width }) => pad(cell(figure), width)).join(' ');

/** The line on disk use that an import has beside its row; undefined for other workloads. */
export function diskLine({
  title,
  diskBytesAResource: disk,
  jsonBytesAResource: json,
}: Figure): string | undefined {
  if (disk === undefined || json === undefined) return undefined;
  const beyond = disk - 2 * json;
  return `${title}: ${whole(disk)} bytes on disk for ${whole(json)} bytes of JSON a resource, ${whole(beyond)} beyond twice its JSON`;
}
