/** Making resources with a token for A: nothing is made that is not A's. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import type { Api } from '../../support/api.ts';
import { observation, without, type World } from './world.ts';

export function makingTests(use: () => World): void {
  describe('making', () => {
    let api: Api;
    beforeAll(async () => {
      api = await use().app('patient/*.cruds');
    });

    const foreignContent: readonly (readonly [string, (world: World) => JsonObject])[] = [
      ['a subject B', ({ b }) => observation('', b)],
      [
        'a subject B by its whole address',
        ({ b, base }) => observation('', '', { subject: { reference: `${base}/Patient/${b}` } }),
      ],
      [
        'a subject B, performed by A',
        ({ a, b }) => observation('', b, { performer: [{ reference: `Patient/${a}` }] }),
      ],
      [
        'a subject B, about A’s focus',
        ({ a, b }) => observation('', b, { focus: [{ reference: `Patient/${a}` }] }),
      ],
      ['no subject', () => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' } })],
      [
        'a subject only in a contained resource',
        ({ a }) => ({
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          contained: [
            {
              resourceType: 'Encounter',
              id: 'e',
              status: 'planned',
              class: { code: 'AMB' },
              subject: { reference: `Patient/${a}` },
            },
          ],
          encounter: { reference: '#e' },
        }),
      ],
      [
        'a beneficiary B, paid by A',
        ({ a, b }) => ({
          resourceType: 'Coverage',
          status: 'active',
          beneficiary: { reference: `Patient/${b}` },
          payor: [{ reference: `Patient/${a}` }],
          policyHolder: { reference: `Patient/${a}` },
        }),
      ],
    ];
    it.each(foreignContent)('[29] nothing is made with %s', async (_name, content) => {
      const world = use();
      const resource = content(world);
      const type = resource['resourceType'] as string;
      const last = await world.store.feed.last();
      const reply = await api.post(`/${type}`, without(resource));
      expect(reply.status).toBe(403);
      const own = world.one(world.ofA, type).id;
      const update = await api.put(`/${type}/${own}`, { ...resource, id: own });
      expect(update.status).toBe(403);
      expect(await world.store.feed.last()).toBe(last);
    });

    const noPart: readonly (readonly [string, (world: World) => JsonObject])[] = [
      [
        'Group',
        ({ a }) => ({
          resourceType: 'Group',
          type: 'person',
          actual: true,
          member: [{ entity: { reference: `Patient/${a}` } }],
        }),
      ],
      [
        'Provenance',
        (world) => ({
          resourceType: 'Provenance',
          target: [{ reference: `Observation/${world.one(world.ofB, 'Observation').id}` }],
          recorded: '2026-01-01T00:00:00Z',
          agent: [{ who: { reference: `Patient/${world.a}` } }],
        }),
      ],
      ['Practitioner', () => ({ resourceType: 'Practitioner' })],
      ['Organization', () => ({ resourceType: 'Organization', name: 'Mine' })],
      ['Patient', () => ({ resourceType: 'Patient' })],
      [
        'Subscription',
        () => ({
          resourceType: 'Subscription',
          status: 'requested',
          reason: 'x',
          criteria: 'Observation',
          channel: { type: 'rest-hook' },
        }),
      ],
      [
        'SearchParameter',
        () => ({
          resourceType: 'SearchParameter',
          url: 'urn:x',
          name: 'x',
          status: 'active',
          description: 'x',
          code: 'patient',
          base: ['Observation'],
          type: 'reference',
          expression: 'Observation.focus',
        }),
      ],
    ];
    it.each(noPart)('[29] no %s is made with a patient’s scope', async (type, content) => {
      const reply = await api.post(`/${type}`, content(use()));
      expect(reply.status).toBe(403);
      expect(reply.headers.get('www-authenticate')).toContain('insufficient_scope');
    });
  });
}
