/**
 * Clients that post with Idempotency-Key while their server is killed at random moments, and send again what got no answer. Afterwards each of what
 * they sent is there exactly once.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf } from './api.ts';
import { startServerProcess } from './server-process.ts';

const CLIENTS = 8;
const BETWEEN_KILLS_MS = [40, 400] as const;

export interface OnceChecked {
  readonly sent: number;
  /** answers that said that nothing was done anew: the first answer was lost in a kill */
  readonly replayed: number;
  readonly faults: readonly string[];
}

export async function onceUnderKills(
  settings: Readonly<Record<string, string>>,
  rounds: number,
): Promise<OnceChecked> {
  const server = await startServerProcess({ ...settings, WORKERS: '2' });
  const api = apiOf(server.base);
  const names: string[] = [];
  let replayed = 0;
  let isOver = false;
  const post = async (name: string): Promise<void> => {
    const headers = { 'idempotency-key': randomUUID() };
    for (;;) {
      const answer = await api.post(...bodyOf(name), headers).catch(() => undefined);
      if (answer && answer.status < 300) {
        if (answer.headers.get('idempotency-replayed') === 'true') replayed++;
        return;
      }
      if (answer && answer.status !== 503) throw new Error(`${answer.status} ${answer.text}`);
      await sleep(20);
    }
  };
  const client = async (n: number): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      const name = `x${n}y${i}z`;
      names.push(name);
      await post(name);
    }
  };
  try {
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    for (let round = 0; round < rounds; round++) {
      await sleep(randomInt(...BETWEEN_KILLS_MS));
      await server.kill();
      await server.restart();
    }
    isOver = true;
    await clients;
    const faults: string[] = [];
    for (const name of names) {
      const { body } = await api.get(`/Basic?identifier=${name}&_summary=count`);
      if (body.total !== sizeOf(name)) faults.push(`${name}: ${body.total} instead of ${sizeOf(name)}`);
    }
    return { sent: names.length, replayed, faults };
  } finally {
    await server.stop();
  }
}

/** Every third is a transaction of two, every third a batch of two, the others are single. */
const kindOf = (name: string): number => Number(/y(\d+)z/.exec(name)![1]) % 3;
const sizeOf = (name: string): number => (kindOf(name) === 0 ? 1 : 2);

function bodyOf(name: string): [path: string, body: object] {
  const resource = { resourceType: 'Basic', identifier: [{ value: name }], code: { text: 'once' } };
  if (kindOf(name) === 0) return ['/Basic', resource];
  const entry = { resource, request: { method: 'POST', url: 'Basic' } };
  const type = kindOf(name) === 1 ? 'transaction' : 'batch';
  return ['/', { resourceType: 'Bundle', type, entry: [entry, entry] }];
}
