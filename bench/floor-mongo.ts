// The floor's store on MongoDB: a collection by `_id`, and one of answers with an index on query and position.
// https://www.mongodb.com/docs/drivers/node/current/

import { MongoClient, type AnyBulkWriteOperation } from 'mongodb';
import type { FloorStore, Write } from './floor-store.ts';

type Kept = { _id: string; text: string };
type Answer = { query: string; position: number; url: string; text: string };

const operationOf = ({ key, text }: Write): AnyBulkWriteOperation<Kept> =>
  text === undefined
    ? { deleteOne: { filter: { _id: key } } }
    : { replaceOne: { filter: { _id: key }, replacement: { text }, upsert: true } };

/** Opens the database that the connection string names. */
export async function openFloorMongo(uri: string): Promise<FloorStore> {
  const client = await MongoClient.connect(uri, { writeConcern: { w: 'majority' } });
  const resources = client.db().collection<Kept>('resource');
  const answers = client.db().collection<Answer>('answer');
  await answers.createIndex({ query: 1, position: 1 });
  return {
    read: async (key) => (await resources.findOne({ _id: key }))?.text,
    write: async (writes) => void (await resources.bulkWrite(writes.map(operationOf))),
    rows: (query) =>
      answers
        .find({ query }, { projection: { _id: 0, url: 1, text: 1 } })
        .sort({ position: 1 })
        .limit(20)
        .toArray(),
    loadRows: async (query, rows) => {
      if (rows.length > 0)
        await answers.insertMany(rows.map((row, position) => ({ query, position, ...row })));
    },
    close: () => client.close(),
  };
}
