/** Conditional writes, batches and transactions with a token for A: what only B meets is met by nothing. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api } from '../../support/api.ts';
import {
  AS_PATCH,
  bundle,
  entriesOf,
  entry,
  essence,
  expectAlike,
  expectNothingOf,
  foreignOne,
  missingId,
  observation,
  versionOf,
  without,
  type World,
} from './world.ts';

const identified = (value: string): JsonObject => ({ identifier: [{ system: 'urn:test', value }] });

export function conditionTests(use: () => World): void {
  describe('conditions, batches and transactions', () => {
    let api: Api;
    beforeAll(async () => {
      api = await use().app('patient/*.cruds');
    });

    it('[28] criteria that only B meets are met by nothing', async () => {
      const { a } = use();
      const value = freshId('number');
      const foreign = await foreignOne(use(), identified(value));
      const at = `identifier=urn:test|${value}`;
      const last = await versionOf(use(), 'Observation', foreign);
      const patch = await api.patch(`/Observation?${at}`, [], AS_PATCH);
      expect(patch.status).toBe(404);
      expect((await api.remove(`/Observation?${at}`)).status).toBe(204);
      const chosen = await api.put(`/Observation?${at}`, observation(foreign, a));
      const nobody = missingId(foreign);
      expect(chosen.status).toBe(404);
      expect(essence(chosen, foreign)).toEqual(
        essence(await api.put(`/Observation?${at}`, observation(nobody, a)), nobody),
      );
      const mine = without(observation('', a, identified(value)));
      const made = await api.post('/Observation', mine, { 'if-none-exist': at });
      expect(made.status).toBe(201);
      expect(made.body.id).not.toBe(foreign);
      const again = await api.post('/Observation', mine, { 'if-none-exist': at });
      expect([again.status, again.body.id]).toEqual([200, made.body.id]);
      const changed = await api.put(`/Observation?${at}`, { ...mine, status: 'amended' });
      expect([changed.status, changed.body.id]).toEqual([200, made.body.id]);
      expect((await api.remove(`/Observation?${at}`)).status).toBe(204);
      const anew = await api.put(`/Observation?${at}`, mine);
      expect(anew.status).toBe(201);
      expect(await versionOf(use(), 'Observation', foreign)).toBe(last);
    });

    it('[28] a condition takes leave to search', async () => {
      const blind = await use().app('patient/Observation.cud');
      for (const reply of [
        await blind.post('/Observation', without(observation('', use().a)), {
          'if-none-exist': 'status=final',
        }),
        await blind.remove('/Observation?status=final'),
        await blind.post('', bundle('transaction', entry('DELETE', 'Observation?status=final'))),
      ]) {
        expect(reply.status).toBe(403);
        expect(reply.text).toContain('patient/Observation.s');
      }
    });

    it('[27] each entry of a batch is judged by itself', async () => {
      const world = use();
      const own = world.one(world.ofA, 'Observation').id;
      const foreign = await foreignOne(use());
      const entries = (id: string): JsonObject[] => [
        entry('GET', `Observation/${own}`),
        entry('GET', `Observation/${id}`),
        entry('GET', `Observation/${id}/_history`),
        entry('GET', `Observation?_id=${id}&_summary=count`),
        entry('PUT', `Observation/${id}`, {}, observation(id, world.a)),
        entry('DELETE', `Observation/${id}`),
        entry('GET', `Patient/${world.b}/*`),
        entry('POST', 'Observation', {}, without(observation('', world.b))),
        entry('GET', 'Practitioner?_summary=count'),
        entry('GET', 'Group/1'),
      ];
      const reply = await api.post('', bundle('batch', ...entries(foreign)));
      const statuses = entriesOf(reply).map(({ response }) => response.status.slice(0, 3));
      expect(statuses).toEqual(['200', '404', '404', '200', '404', '204', '200', '403', '200', '403']);
      expectNothingOf(world, reply, foreign, world.b);
      expect(await versionOf(use(), 'Observation', foreign)).toBe(1);
    });

    it('[27] a transaction that meets B fails as if B were not there, and writes nothing', async () => {
      const world = use();
      const foreign = await foreignOne(use());
      const last = await world.store.feed.last();
      const mine = entry('POST', 'Observation', {}, without(observation('', world.a)));
      const cases: readonly (readonly [(id: string) => JsonObject, number])[] = [
        [(id) => entry('GET', `Observation/${id}`), 404],
        [(id) => entry('PUT', `Observation/${id}`, {}, observation(id, world.a)), 404],
        [
          (id) =>
            entry(
              'POST',
              'Observation',
              {},
              without(observation('', world.a, { derivedFrom: [{ reference: `Observation/${id}` }] })),
            ),
          422,
        ],
        [
          (id) =>
            entry(
              'POST',
              'Observation',
              {},
              without(observation('', world.a, { derivedFrom: [{ reference: `Observation?_id=${id}` }] })),
            ),
          412,
        ],
      ];
      for (const [of, status] of cases)
        await expectAlike(
          use(),
          ['Observation', foreign],
          (id) => api.post('', bundle('transaction', mine, of(id))),
          status,
        );
      const outside = await api.post(
        '',
        bundle('transaction', mine, entry('POST', 'Observation', {}, without(observation('', world.b)))),
      );
      expect(outside.status).toBe(403);
      const unread = await api.post('', bundle('transaction', mine, entry('GET', 'Group/1')));
      expect(unread.status).toBe(403);
      expect(await world.store.feed.last()).toBe(last);
    });

    it('[27] names inside a transaction lead to what it makes, not to what is there', async () => {
      const world = use();
      const foreign = await foreignOne(use());
      const urn = 'urn:uuid:0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9';
      const made = await api.post(
        '',
        bundle(
          'transaction',
          { ...entry('POST', 'Observation', {}, without(observation('', world.a))), fullUrl: urn },
          entry(
            'POST',
            'Observation',
            {},
            without(observation('', world.a, { derivedFrom: [{ reference: urn }] })),
          ),
        ),
      );
      expect(made.status).toBe(200);
      const swapped = await api.post(
        '',
        bundle(
          'transaction',
          {
            ...entry('POST', 'Observation', {}, without(observation('', world.a))),
            fullUrl: `${world.base}/Observation/${foreign}`,
          },
          entry('PUT', `Observation/${foreign}`, {}, observation(foreign, world.a)),
        ),
      );
      expect(swapped.status).toBe(404);
      expect(await versionOf(use(), 'Observation', foreign)).toBe(1);
    });
  });
}
