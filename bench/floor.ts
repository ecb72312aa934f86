// The floor: a bare node:http process that does the least conceivable work on the same store with the same bytes.
// No routes, no checks, no history, no index: what a server costs above it is the price of being a FHIR server.
// STORE as the server takes it; prints its port. https://nodejs.org/api/http.html

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openFloorMongo } from './floor-mongo.ts';
import { openFloorSqlite } from './floor-sqlite.ts';
import type { FloorStore, Row, Write } from './floor-store.ts';

const BASE = '/fhir/';

async function openStore(setting: string): Promise<FloorStore> {
  if (!setting.startsWith('sqlite:')) return openFloorMongo(setting);
  const folder = setting.slice('sqlite:'.length);
  mkdirSync(folder, { recursive: true });
  return openFloorSqlite(folder);
}

/** Writes whatever has queued up in one commit, as the server does. */
function groupCommit(store: FloorStore): (writes: readonly Write[]) => Promise<void> {
  let queue: {
    readonly writes: readonly Write[];
    readonly done: () => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  let busy = false;
  const flush = async (): Promise<void> => {
    const group = queue;
    queue = [];
    try {
      await store.write(group.flatMap(({ writes }) => writes));
      for (const { done } of group) done();
    } catch (error) {
      for (const { fail } of group) fail(error);
    }
    busy = queue.length > 0;
    if (busy) setImmediate(() => void flush());
  };
  return (writes) =>
    new Promise((done, fail) => {
      queue.push({ writes, done, fail });
      if (busy) return;
      busy = true;
      setImmediate(() => void flush());
    });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/fhir+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

const written = (key: string): Record<string, string> => ({
  ETag: 'W/"1"',
  Location: `${BASE}${key}/_history/1`,
});

const bundleOf = (rows: readonly Row[]): string =>
  `{"resourceType":"Bundle","type":"searchset","entry":[${rows
    .map(({ url, text }) => `{"fullUrl":"${url}","resource":${text},"search":{"mode":"match"}}`)
    .join(',')}]}`;

type Bundle = { readonly entry: readonly { readonly resource: { readonly resourceType: string } }[] };

function splitTransaction(text: string): readonly Write[] {
  const { entry } = JSON.parse(text) as Bundle;
  return entry.map(({ resource }) => ({
    key: `${resource.resourceType}/${randomUUID()}`,
    text: JSON.stringify(resource),
  }));
}

const transactionResponse = (writes: readonly Write[]): string =>
  `{"resourceType":"Bundle","type":"transaction-response","entry":[${writes
    .map(
      ({ key }) => `{"response":{"status":"201 Created","location":"${key}/_history/1","etag":"W/\\"1\\""}}`,
    )
    .join(',')}]}`;

/** What the bench lays down before it measures: resources by key, and the entries of each query's answer. */
export type LoadLine =
  { readonly key: string; readonly text: string } | { readonly query: string; readonly rows: readonly Row[] };

async function load(store: FloorStore, lines: readonly LoadLine[]): Promise<void> {
  const resources = lines.filter((line) => 'key' in line);
  if (resources.length > 0) await store.write(resources);
  for (const line of lines) if ('query' in line) await store.loadRows(line.query, line.rows);
}

function handler(store: FloorStore) {
  const commit = groupCommit(store);
  const get = async (key: string, response: ServerResponse): Promise<void> => {
    if (key.includes('?') || key.endsWith('_history'))
      return answer(response, 200, bundleOf(await store.rows(key)));
    const text = await store.read(key);
    if (text === undefined) answer(response, 404, '');
    else answer(response, 200, text, { ETag: 'W/"1"' });
  };
  const post = async (key: string, text: string, response: ServerResponse): Promise<void> => {
    if (key === '$load') {
      await load(store, JSON.parse(text) as readonly LoadLine[]);
      return answer(response, 200, '');
    }
    const writes = key === '' ? splitTransaction(text) : [{ key: `${key}/${randomUUID()}`, text }];
    await commit(writes);
    if (key === '') answer(response, 200, transactionResponse(writes));
    else answer(response, 201, text, written(writes[0]!.key));
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const key = (request.url ?? '').slice(BASE.length);
    if (request.method === 'GET') return get(key, response);
    const text = await bodyOf(request);
    if (request.method === 'POST') return post(key, text, response);
    await commit([{ key, text: request.method === 'PUT' ? text : undefined }]);
    if (request.method === 'PUT') answer(response, 200, text, written(key));
    else response.writeHead(204).end();
  };
}

const store = await openStore(process.env.STORE ?? 'sqlite:./data');
const handle = handler(store);
const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => answer(response, 500, String(error)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`floor on ${(server.address() as AddressInfo).port}`);
});
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => void Promise.resolve(store.close()).then(() => process.exit(0)));
});
