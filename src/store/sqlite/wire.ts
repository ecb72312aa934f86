/**
 * What travels between the threads and the writer: flat arrays of strings and numbers, and the bodies of many units in one transferred buffer,
 * because cloning an object a row would cost more than writing it. https://nodejs.org/api/worker_threads.html#portpostmessagevalue-transferlist
 */
import type { MessagePort } from 'node:worker_threads';
import type { Guard, NewJob, Once, ResourceKey, UnitOfWork } from '../ports.ts';
import { packIndex, type Packed } from './pack-index.ts';
import { METHODS } from './rows.ts';
import type { TokenChange } from './token-rows.ts';

/** Numbers of a write in `UnitWire.heads`; type and id stand in `names`. `start` and `end` are the place of the body, -1 for a delete. */
export interface Head {
  readonly type: string;
  readonly id: string;
  readonly expected: number;
  readonly version: number;
  readonly method: number;
  readonly start: number;
  readonly end: number;
  readonly stampAt: number;
  /** how many of the targets are its own */
  readonly targets: number;
}
export const HEAD_NUMBERS = 7;

export interface UnitWire {
  /** type, id of each write */
  readonly names: string[];
  /** HEAD_NUMBERS of each write */
  readonly heads: number[];
  /** index rows of each write (JSON of PlainRows), '' of a delete */
  readonly rows: string[];
  /** `Type/id` of what each write refers to, of all writes in turn */
  readonly targets: string[];
  readonly guards?: readonly Guard[];
  readonly present?: readonly ResourceKey[];
  readonly integrity?: boolean;
  readonly jobs?: readonly NewJobWire[];
  readonly once?: Once;
  /** its body stands among those of the unit: from, to */
  readonly audit?: Omit<AuditPageWire, 'body'> & { readonly start: number; readonly end: number };
}

/** A page that rides in a commit: its keys as JSON text. */
export interface AuditPageWire {
  readonly since: number;
  readonly at: number;
  readonly keys: string;
  readonly body: Uint8Array;
}

export interface NewJobWire {
  readonly queue: string;
  readonly payload: string;
  readonly runAt?: number;
  readonly maxAttempts: number;
}

export type Ask =
  | { readonly op: 'open' | 'ping' | 'tenants' | 'settle'; readonly tenant: string }
  | { readonly op: 'commit'; readonly tenant: string; readonly unit: UnitWire; readonly bodies: Uint8Array }
  /** the unit has writes without bodies: version numbers and index rows */
  | { readonly op: 'reindex'; readonly tenant: string; readonly unit: UnitWire }
  | {
      readonly op: 'advance';
      readonly tenant: string;
      readonly name: string;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly op: 'claim';
      readonly tenant: string;
      readonly queues: readonly string[];
      readonly limit: number;
      readonly leaseMs: number;
      readonly now: number;
    }
  | {
      readonly op: 'extend';
      readonly tenant: string;
      readonly id: number;
      readonly lease: string;
      readonly until: number;
    }
  | { readonly op: 'complete'; readonly tenant: string; readonly id: number; readonly lease: string }
  | {
      readonly op: 'fail';
      readonly tenant: string;
      readonly id: number;
      readonly lease: string;
      readonly error: string;
      readonly retryAt: number;
      readonly now: number;
    }
  | { readonly op: 'revive'; readonly tenant: string; readonly id: number; readonly now: number }
  | { readonly op: 'token'; readonly tenant: string; readonly change: TokenChange }
  | { readonly op: 'audit-move'; readonly tenant: string }
  | { readonly op: 'audit-begin' | 'audit-end'; readonly tenant: string; readonly chain: string };

/** The answer to `open`. */
export interface Opened {
  readonly file: string;
  readonly secret: Uint8Array;
  /** one Int32: how many changes of tokens the writer has made; it grows after the commit and before the answer */
  readonly tokenChanges: SharedArrayBuffer;
}

/** From the thread that started the writer. */
export type Order = { readonly port: MessagePort } | 'close';

/** From a thread: its questions, numbered from `first` on. */
export interface Questions {
  readonly first: number;
  readonly asks: readonly Ask[];
}

/** To a thread: number and answer of each question that is done. */
export type Answers = readonly (readonly [number: number, answer: Answer])[];

export type Answer = { readonly value: unknown } | { readonly error: string; readonly busy: boolean };

const DEFAULT_ATTEMPTS = 10;

const NOTHING: Packed = { rows: '', targets: [] };

/** Flattens a unit. Its bodies are appended to `bodies`, and the places in the unit count from `offset`. */
export function packUnit(
  unit: UnitOfWork,
  bodies: Uint8Array[],
  offset: number,
): { wire: UnitWire; end: number } {
  const wire = { names: [], heads: [], rows: [], targets: [] } as Pick<
    UnitWire,
    'names' | 'heads' | 'rows' | 'targets'
  >;
  let end = offset;
  for (const { type, id, expected, versionId, method, content } of unit.writes) {
    const start = end;
    const packed = content ? packIndex(content.index) : NOTHING;
    if (content) {
      bodies.push(content.body);
      end += content.body.length;
    }
    wire.names.push(type, id);
    wire.rows.push(packed.rows);
    wire.targets.push(...packed.targets);
    wire.heads.push(
      expected,
      versionId,
      METHODS.indexOf(method),
      content ? start : -1,
      end,
      content?.stampAt ?? -1,
      packed.targets.length,
    );
  }
  const { guards, present, integrity, once } = unit;
  let audit: UnitWire['audit'];
  if (unit.audit) {
    const { body, since, at, keys } = unit.audit;
    bodies.push(body);
    audit = { since, at, keys: JSON.stringify(keys), start: end, end: (end += body.length) };
  }
  return { wire: { ...wire, guards, present, integrity, once, audit, jobs: unit.jobs?.map(packJob) }, end };
}

function packJob({ queue, payload, runAt, maxAttempts }: NewJob): NewJobWire {
  return {
    queue,
    payload: JSON.stringify(payload ?? null),
    runAt,
    maxAttempts: maxAttempts ?? DEFAULT_ATTEMPTS,
  };
}

export function unpackHeads({ names, heads }: UnitWire): Head[] {
  return Array.from({ length: names.length / 2 }, (_, i) => {
    const at = i * HEAD_NUMBERS;
    const [expected, version, method, start, end, stampAt, targets] = heads.slice(at, at + HEAD_NUMBERS) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [type, id] = [names[2 * i]!, names[2 * i + 1]!];
    return { type, id, expected, version, method, start, end, stampAt, targets };
  });
}
