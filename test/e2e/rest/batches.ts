/** batch. https://hl7.org/fhir/R4/http.html#batch */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api } from '../../support/api.ts';
import { put, statuses } from './entries.ts';

export function batchContract(api: () => Api): void {
  describe('batch', () => {
    it('judges each entry for itself', async () => {
      const id = freshId();
      const reply = await api().post('', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          put({ resourceType: 'Patient', id }),
          {
            request: { method: 'PUT', url: 'Patient/abc' },
            resource: { resourceType: 'Patient', id: 'other' },
          },
          { request: { method: 'GET', url: 'Patient?nonsense=1' } },
          { request: { method: 'GET', url: `Patient/${freshId()}` } },
          { request: { method: 'TRACE', url: 'Patient' } },
          { resource: { resourceType: 'Patient' } },
          { request: { method: 'POST', url: 'Nonsense' }, resource: { resourceType: 'Nonsense' } },
          { request: { method: 'GET', url: 'metadata' } },
        ],
      });
      expect(reply.status).toBe(200);
      expect(reply.body.type).toBe('batch-response');
      expect(statuses(reply)).toEqual(['201', '400', '400', '404', '400', '400', '404', '200']);
      expect(reply.body.entry[1].response.outcome.resourceType).toBe('OperationOutcome');
      expect((await api().get(`/Patient/${id}`)).status).toBe(200);
    });

    it('refuses a Bundle of another type', async () => {
      expect((await api().post('', { resourceType: 'Bundle', type: 'collection' })).status).toBe(400);
      expect((await api().post('', { resourceType: 'Patient' })).status).toBe(400);
    });
  });
}
