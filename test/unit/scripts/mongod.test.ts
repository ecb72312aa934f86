// The mongod of the tests: up as a replica set, has transactions, keeps its data over a kill.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { needs } from '../../needs.ts';
import { startMongod, type Mongod } from '../../support/mongod.ts';

needs('mongod', 'the mongod that tests start')('test mongod', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  });
  afterAll(() => mongod.stop());

  it('gives a database of its own to each suite', () => {
    expect(mongod.freshUri()).not.toBe(mongod.freshUri());
  });

  it('keeps what it acknowledged when it is killed and started again', async () => {
    const uri = mongod.freshUri();
    const before = await MongoClient.connect(uri);
    await before
      .db()
      .collection('kept')
      .insertOne({ value: 1 }, { writeConcern: { w: 'majority' } });
    await before.close();
    const pid = mongod.pid();
    await mongod.kill();
    await mongod.restart();
    expect(mongod.pid()).not.toBe(pid);
    const after = await MongoClient.connect(uri);
    expect(await after.db().collection('kept').countDocuments()).toBe(1);
    await after.withSession((session) =>
      session.withTransaction(() => after.db().collection('kept').insertOne({ value: 2 }, { session })),
    );
    expect(await after.db().collection('kept').countDocuments()).toBe(2);
    await after.close();
  });
});
