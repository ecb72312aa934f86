/** Messages between the threads that answer requests and the one that writes. Units travel as flat arrays: they are cheap to clone. */
import type { IndexValue } from '../../fhir/search/index-value.ts';
import type { CommitResult, Guard, Job, NewJob, ResourceKey, UnitOfWork, Write } from '../ports.ts';

/** The index values of a write, each kind in one array. */
export interface FlatIndex {
  /** param, key, param, key … */
  readonly keys: readonly string[];
  /** param, key, low, high … */
  readonly ranges: readonly (string | number)[];
  /** param, text, exact … */
  readonly texts: readonly string[];
}

export interface FlatWrite extends Omit<Write, 'content'> {
  readonly body?: Uint8Array;
  readonly stampAt: number;
  readonly index?: FlatIndex;
}

export interface FlatUnit {
  readonly writes: readonly FlatWrite[];
  readonly guards: readonly Guard[];
  readonly present: readonly ResourceKey[];
  readonly integrity: boolean;
  readonly jobs: readonly NewJob[];
}

/** What the writer is asked to do for a tenant. */
export type Order =
  | { readonly kind: 'open' }
  | { readonly kind: 'commit'; readonly unit: FlatUnit }
  | { readonly kind: 'advance'; readonly name: string; readonly from: number; readonly to: number }
  | { readonly kind: 'claim'; readonly queues: readonly string[]; readonly limit: number; readonly leaseMs: number; readonly now: number }
  | { readonly kind: 'extend'; readonly job: Job; readonly leaseMs: number; readonly now: number }
  | { readonly kind: 'complete'; readonly job: Job }
  | { readonly kind: 'fail'; readonly job: Job; readonly error: string; readonly retryAt: number; readonly now: number }
  | { readonly kind: 'revive'; readonly id: number; readonly now: number };

export interface OrderMessage {
  readonly id: number;
  readonly tenant: string;
  readonly order: Order;
}

export type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** Messages to the writer that are not orders. */
export type Control = { readonly control: 'attach'; readonly port: unknown } | { readonly control: 'close' };

export type CommitAnswer = CommitResult;

export function flattenUnit(unit: UnitOfWork): FlatUnit {
  return {
    writes: unit.writes.map(flattenWrite),
    guards: unit.guards ?? [],
    present: unit.present ?? [],
    integrity: unit.integrity ?? false,
    jobs: unit.jobs ?? [],
  };
}

function flattenWrite({ content, ...write }: Write): FlatWrite {
  return content ? { ...write, body: owned(content.body), stampAt: content.stampAt, index: flattenIndex(content.index) } : { ...write, stampAt: -1 };
}

/** A view on a larger memory is copied: cloning it would clone all of that memory. */
function owned(body: Uint8Array): Uint8Array {
  return body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
}

export function flattenIndex(values: readonly IndexValue[]): FlatIndex {
  const keys: string[] = [];
  const ranges: (string | number)[] = [];
  const texts: string[] = [];
  for (const value of values) {
    if (value.kind === 'key') keys.push(value.param, value.key);
    else if (value.kind === 'range') ranges.push(value.param, value.key, value.low, value.high);
    else texts.push(value.param, value.text, value.exact);
  }
  return { keys, ranges, texts };
}

/** Memory of a unit that can be moved instead of copied. */
export function transferables(unit: FlatUnit): ArrayBuffer[] {
  return unit.writes.flatMap(({ body }) => (body ? [body.buffer as ArrayBuffer] : []));
}
