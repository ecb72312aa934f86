/** Tampering with the trail in a real MongoDB. */
import { afterAll, beforeAll } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { tamperTests, type Tampered, type Tools } from './audit/tamper.ts';

interface Page {
  readonly _id: string;
  readonly [name: string]: unknown;
}

async function toolsOn(url: string): Promise<Tools & { close(): Promise<void> }> {
  const client = await new MongoClient(url).connect();
  const db = client.db(`${client.options.dbName}-default`);
  const audit = db.collection<Page>('audit');
  const settings = db.collection<Page>('settings');
  const at = async (place: number): Promise<Page> =>
    (await audit.find({ c: { $exists: true } }, { sort: { _id: 1 }, skip: place, limit: 1 }).next())!;
  const set = async (place: number, change: Document): Promise<void> =>
    void (await audit.updateOne({ _id: (await at(place))._id }, { $set: change }));
  return {
    setBody: (place, b) => set(place, { b: Buffer.from(b) }),
    setKeys: (place, k) => set(place, { k }),
    setTime: (place, ms) => set(place, { at: ms }),
    remove: async (place) => void (await audit.deleteOne({ _id: (await at(place))._id })),
    swap: async (one, other) => {
      const [a, b] = [await at(one), await at(other)];
      await audit.deleteMany({ _id: { $in: [a._id, b._id] } });
      await audit.insertMany([
        { ...b, _id: a._id },
        { ...a, _id: b._id },
      ]);
    },
    removeChain: async (chain, withHead) => {
      await audit.deleteMany({ c: chain });
      if (withHead) await audit.deleteOne({ _id: `~${chain}` });
    },
    moveHead: async (chain, n, h) => void (await audit.updateOne({ _id: `~${chain}` }, { $set: { n, h } })),
    removeRegister: async () => void (await settings.deleteOne({ _id: 'audit' })),
    setRegister: async (chains) =>
      void (await settings.updateOne({ _id: 'audit' }, { $set: { 'audit.chains': chains } })),
    append: async ({ chain, seq, since, at: ms, keys, hash, mac, body }) => {
      const _id = `${chain}/${String(seq).padStart(12, '0')}`;
      await audit.insertOne({
        _id,
        c: chain,
        n: seq,
        f: since,
        at: ms,
        k: keys,
        h: hash,
        m: mac,
        b: Buffer.from(body),
      });
    },
    close: () => client.close(),
  };
}

needs('mongod', 'tampering with the trail on MongoDB')('MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());
  tamperTests(async (): Promise<Tampered> => {
    const url = mongod.freshUri();
    return { open: () => openMongoStores({ url }), tools: () => toolsOn(url) };
  });
});
