/** What the connection promises whatever the address says, and what failures of the driver mean to a user. */
import { describe, expect, it } from '@jest/globals';
import { MongoClient, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { clearly, DURABLE, refusalOf, thrown } from '../../../../src/store/mongo/client.ts';
import { rooms } from '../../../../src/store/mongo/layout.ts';

it('no address weakens the guarantees', () => {
  const weak = 'w=1&journal=false&readConcernLevel=local&readPreference=secondary';
  const { history } = rooms(new MongoClient(`mongodb://nowhere.invalid/x?${weak}`).db('x', DURABLE));
  expect(history.writeConcern).toMatchObject({ w: 'majority', journal: true });
  expect(history.readConcern).toMatchObject({ level: 'majority' });
  expect(history.readPreference?.mode).toBe('primary');
});

const server = (code: number, message = 'x'): MongoServerError => new MongoServerError({ code, message });

describe('a failure', () => {
  it.each([
    [new MongoNetworkError('connection reset'), 503],
    [new MongoServerSelectionError('no primary', {} as never), 503],
    [server(11600), 503],
    [server(50), 503],
    [server(388), 413],
  ])('%s is refused with %d', (error, status) => {
    expect(refusalOf(error)?.status).toBe(status);
  });

  it('that is a defect carries no data', async () => {
    const error = Object.assign(
      server(11000, 'E11000 duplicate key error dup key: { _id: "Patient/secret" }'),
      {
        writeErrors: [{ op: { b: 'a text about a patient' } }],
      },
    );
    expect(refusalOf(error)).toBeUndefined();
    const told = thrown(error) as Error;
    expect(told.message).toBe('MongoServerError 11000: E11000 duplicate key error');
    expect(Object.keys(told)).toEqual([]);
    await expect(clearly(() => Promise.reject(new TypeError('ours')))).rejects.toThrow(TypeError);
  });
});
