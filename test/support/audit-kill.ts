/**
 * Clients that read, search and write while their server is killed at random moments. Afterwards the trail is whole, and every answer that was given
 * and every write that was acknowledged has its event in it.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeNotes } from '../../src/access/audit/page.ts';
import { verifyTrail } from '../../src/access/audit/verify.ts';
import type { Stores } from '../../src/store/ports.ts';
import { apiOf } from './api.ts';
import { startServerProcess } from './server-process.ts';

const CLIENTS = 8;
const ATTEMPTS = 5;
const BETWEEN_KILLS_MS = [30, 300] as const;

export interface AuditChecked {
  readonly answered: number;
  readonly written: number;
  readonly faults: readonly string[];
}

export async function auditUnderKills(
  settings: Readonly<Record<string, string>>,
  rounds: number,
  open: () => Promise<Stores>,
): Promise<AuditChecked> {
  const start = () => startServerProcess({ ...settings, WORKERS: '2', AUDIT: 'on' });
  const server = await start().catch(start).catch(start);
  const api = apiOf(server.base);
  const answered = new Set<string>();
  const written = new Set<string>();
  let isOver = false;
  // A busy machine may not bring it up in time: that says nothing about the trail.
  const restart = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await server.restart();
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  };
  const send = async (method: string, path: string, body?: unknown): Promise<void> => {
    const id = randomUUID();
    const reply = await api.send(method, path, body, { 'x-request-id': id }).catch(() => undefined);
    if (!reply) return sleep(5);
    if (reply.status === 503) return;
    if (reply.status >= 500) throw new Error(`${reply.status} ${reply.text}`);
    (method === 'GET' ? answered : written).add(id);
  };
  const client = async (n: number): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      const patient = { resourceType: 'Patient', id: `p${n}`, name: [{ family: `f${i}` }] };
      if (i % 4 === 0) await send('PUT', `/Patient/p${n}`, patient);
      else if (i % 4 === 1) await send('GET', '/Patient?_count=5');
      else await send('GET', `/Patient/p${(n + i) % CLIENTS}`);
    }
  };
  try {
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    for (let round = 0; round < rounds; round++) {
      await sleep(randomInt(...BETWEEN_KILLS_MS));
      await server.kill();
      await restart();
    }
    // The last one is not started again: what its journals hold is found by who opens the store next.
    await sleep(randomInt(...BETWEEN_KILLS_MS));
    await server.kill();
    isOver = true;
    await clients;
  } finally {
    await server.stop();
  }
  const stores = await open();
  try {
    const tenant = await stores.tenant('default');
    const { faults } = await verifyTrail(tenant);
    const noted = new Set<string>();
    for await (const page of tenant.audit.walk())
      for (const { requestId } of decodeNotes(page.body)) noted.add(requestId);
    const lost = [...answered, ...written].filter((id) => !noted.has(id));
    return {
      answered: answered.size,
      written: written.size,
      faults: [...faults, ...lost.map((id) => `no event of the answered request ${id}`)],
    };
  } finally {
    await stores.close();
  }
}
