/** The MongoDB adapter: one database a tenant, on a replica set or behind mongos. See docs/mongodb.md and docs/adr/0005-mongodb-layout.md. */
import type { MongoClient } from 'mongodb';
import type { MessagePort } from 'node:worker_threads';
import { fault } from '../../fhir/model/outcome.ts';
import type { ResourceStore, Stores, TenantStore } from '../ports.ts';
import { clearly, connect, DURABLE } from './client.ts';
import { auditOf, type MongoAudit } from './audit.ts';
import { commitQueue, type CommitQueue } from './commit.ts';
import { feedStore } from './feed.ts';
import { history, vread } from './history.ts';
import { jobStore } from './jobs.ts';
import { rooms, type Rooms } from './layout.ts';
import { attachment, linkedQueues, type CommitAttachment } from './link.ts';
import { migrate, secretOf } from './migrations.ts';
import { memories, remembering, type Memory } from './memory.ts';
import { reader } from './read.ts';
import { keys } from './keys.ts';
import { reindex } from './reindex.ts';
import { search } from './search.ts';
import { tokenStore } from './tokens.ts';

export interface MongoOptions {
  /** connection string of a replica set or mongos; a database named in it names the databases of the tenants */
  readonly url: string;
  /** what the database of a tenant is called before the tenant's name; from the address when absent */
  readonly prefix?: string;
  /** what `attach` gave in the thread whose queue of commits this thread shares */
  readonly writer?: CommitAttachment;
}

export interface MongoStores extends Stores {
  /** For one more thread of this process; the port must stand in the transfer list of the message that carries it. */
  attach(): { readonly attachment: CommitAttachment; readonly transfer: readonly MessagePort[] };
}

interface Opened {
  readonly store: TenantStore;
  readonly queue: CommitQueue;
  readonly audit: MongoAudit;
}

/** Connects. Throws FhirError `busy` when the server cannot be reached, `not-supported` when it has no transactions. */
export async function openMongoStores({ url, prefix, writer }: MongoOptions): Promise<MongoStores> {
  const client = await connect(url);
  await refuseWithoutTransactions(client).catch(async (error: unknown) => {
    await client.close();
    throw error;
  });
  const before = prefix ?? prefixOf(client);
  const linked = writer && linkedQueues(writer.port);
  const queueOf = (name: string, own: Rooms, secret: Uint8Array): CommitQueue =>
    linked?.(name) ?? commitQueue(client, own, secret);
  const memoryOf = memories();
  const open = openedOnce((name) => {
    const resources = (own: Rooms, queue: CommitQueue): ResourceStore =>
      resourceStore(own, queue, memoryOf(name), linked !== undefined);
    return openTenant(
      rooms(client.db(before + name, DURABLE)),
      (own, secret) => queueOf(name, own, secret),
      resources,
    );
  });
  const attach: MongoStores['attach'] = () => {
    const one = attachment(async (name, unit) => (await open.one(name)).queue.commit(unit));
    return { attachment: one, transfer: [one.port] };
  };
  return {
    tenant: async (name) => (await open.one(checked(name))).store,
    tenants: () => clearly(() => tenantNames(client, before)),
    close: async () => {
      await Promise.all((await open.all()).flatMap(({ queue, audit }) => [queue.drained(), audit.drained()]));
      writer?.port.close();
      await client.close();
    },
    attach,
  };
}

/** The driver's word for an address without a database is `test`. */
const prefixOf = ({ options: { dbName } }: MongoClient): string =>
  `${dbName === 'test' ? 'embergate' : dbName}-`;

/** Tenants that are open; a failure to open is forgotten, so that the next call tries again. */
function openedOnce(open: (name: string) => Promise<Opened>): {
  readonly one: (name: string) => Promise<Opened>;
  readonly all: () => Promise<Opened[]>;
} {
  const known = new Map<string, Promise<Opened>>();
  const one = (name: string): Promise<Opened> => {
    const opened = known.get(name) ?? open(name);
    known.set(name, opened);
    opened.catch(() => known.delete(name));
    return opened;
  };
  const all = async (): Promise<Opened[]> =>
    (await Promise.allSettled([...known.values()])).flatMap((each) =>
      each.status === 'fulfilled' ? [each.value] : [],
    );
  return { one, all };
}

function checked(name: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(name)) return name;
  throw fault('value', 'The name of a tenant has 1 to 40 small letters, digits and hyphens');
}

async function refuseWithoutTransactions(client: MongoClient): Promise<void> {
  const hello = await clearly(() => client.db('admin').command({ hello: 1 }));
  if (hello['setName'] !== undefined || hello['msg'] === 'isdbgrid') return;
  throw fault(
    'not-supported',
    'This MongoDB server stands alone and has no transactions: start it as a replica set (of one, if need be)',
  );
}

async function tenantNames(client: MongoClient, before: string): Promise<readonly string[]> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const names = databases
    .filter(({ name }) => name.startsWith(before))
    .map(({ name }) => name.slice(before.length));
  return names.filter((name) => /^[a-z0-9-]{1,40}$/.test(name)).sort();
}

async function openTenant(
  own: Rooms,
  queueOf: (own: Rooms, secret: Uint8Array) => CommitQueue,
  resources: (own: Rooms, queue: CommitQueue) => ResourceStore,
): Promise<Opened> {
  const secret = await clearly(async () => {
    await migrate(own);
    return secretOf(own);
  });
  const queue = queueOf(own, secret);
  const audit = auditOf(own, secret);
  const ping = (): Promise<void> =>
    clearly(async () => void (await own.db.command({ ping: 1 }, { timeoutMS: 3_000 })));
  const store = {
    resources: resources(own, queue),
    feed: feedStore(own),
    jobs: jobStore(own),
    tokens: tokenStore(own),
    audit,
    secret,
    ping,
  };
  return { store, queue, audit };
}

function resourceStore(own: Rooms, queue: CommitQueue, memory: Memory, moves: boolean): ResourceStore {
  const read = reader(own, memory);
  return {
    read: (keys, scope) => clearly(() => read(keys, scope)),
    vread: (key, versionId) => clearly(() => vread(own, key, versionId)),
    history: (query) => clearly(() => history(own, query)),
    search: (plan) => clearly(() => search(own, plan)),
    keys: (query) => clearly(() => keys(own, query)),
    recall: memory.recall,
    commit: remembering(memory, queue.commit, moves),
    reindex: (changed) => clearly(() => reindex(own, changed)),
  };
}
