/** The MongoDB adapter: one database a tenant, on a replica set or behind mongos. See docs/mongodb.md and docs/adr/0005-mongodb-layout.md. */
import type { MongoClient } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { ResourceStore, Stores, TenantStore } from '../ports.ts';
import { clearly, connect } from './client.ts';
import { commitQueue, type CommitQueue } from './commit.ts';
import { feedStore } from './feed.ts';
import { history, vread } from './history.ts';
import { jobStore } from './jobs.ts';
import { rooms, type Rooms } from './layout.ts';
import { migrate, secretOf } from './migrations.ts';
import { reader } from './read.ts';
import { search } from './search.ts';

export interface MongoOptions {
  /** connection string of a replica set or mongos; a database named in it names the databases of the tenants */
  readonly url: string;
  /** what the database of a tenant is called before the tenant's name; from the address when absent */
  readonly prefix?: string;
}

interface Opened {
  readonly store: TenantStore;
  readonly queue: CommitQueue;
}

/** Connects. Throws FhirError `busy` when the server cannot be reached, `not-supported` when it has no transactions. */
export async function openMongoStores({ url, prefix }: MongoOptions): Promise<Stores> {
  const client = await connect(url);
  await refuseWithoutTransactions(client).catch(async (error: unknown) => {
    await client.close();
    throw error;
  });
  const before = prefix ?? `${client.options.dbName === 'test' ? 'embergate' : client.options.dbName}-`;
  const opened = new Map<string, Promise<Opened>>();
  const open = (name: string): Promise<Opened> => {
    const known = opened.get(name) ?? openTenant(client, rooms(client.db(before + name)));
    opened.set(name, known);
    known.catch(() => opened.delete(name));
    return known;
  };
  return {
    tenant: async (name) => (await open(checked(name))).store,
    tenants: () => clearly(() => tenantNames(client, before)),
    close: async () => {
      const all = await Promise.allSettled([...opened.values()]);
      const queues = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.queue] : []));
      await Promise.all(queues.map((queue) => queue.drained()));
      await client.close();
    },
  };
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

async function openTenant(client: MongoClient, own: Rooms): Promise<Opened> {
  const secret = await clearly(async () => {
    await migrate(own);
    return secretOf(own);
  });
  const queue = commitQueue(client, own);
  const ping = (): Promise<void> =>
    clearly(async () => void (await own.db.command({ ping: 1 }, { timeoutMS: 3_000 })));
  return {
    store: { resources: resourceStore(own, queue), feed: feedStore(own), jobs: jobStore(own), secret, ping },
    queue,
  };
}

function resourceStore(own: Rooms, queue: CommitQueue): ResourceStore {
  const read = reader(own);
  return {
    read: (keys) => clearly(() => read(keys)),
    vread: (key, versionId) => clearly(() => vread(own, key, versionId)),
    history: (query) => clearly(() => history(own, query)),
    search: (plan) => clearly(() => search(own, plan)),
    commit: queue.commit,
  };
}
