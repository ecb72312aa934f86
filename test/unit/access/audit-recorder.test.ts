/** The way into the trail: together, in order, and nothing is told where it fails. */
import { describe, expect, it } from '@jest/globals';
import type { AuditNote } from '../../../src/access/audit/note.ts';
import { decodeNotes } from '../../../src/access/audit/page.ts';
import { auditRecorder } from '../../../src/access/audit/recorder.ts';
import { OPEN_ACCESS } from '../../../src/access/context.ts';
import { apiOf } from '../../support/api.ts';
import { startGuarded } from '../../support/guarded.ts';
import type { AuditStore, NewAuditPage } from '../../../src/store/audit-port.ts';

const note = (requestId: string): AuditNote => ({
  at: 5,
  happening: 'read',
  outcome: 'done',
  who: OPEN_ACCESS.who,
  requestId,
});

describe('the recorder', () => {
  it('sends what is noted in one turn as one page, and names the server where tokens are asked for', async () => {
    const pages: NewAuditPage[] = [];
    const store = { append: async (page: NewAuditPage) => void pages.push(page) } as unknown as AuditStore;
    const recorder = auditRecorder(store, 'smart');
    await Promise.all(['a', 'b', 'c'].map((id) => recorder.note(note(id))));
    expect(pages).toHaveLength(1);
    const notes = decodeNotes(pages[0]!.body);
    expect(notes.map(({ requestId }) => requestId)).toEqual(['a', 'b', 'c']);
    expect(notes[0]!.who).toEqual({ kind: 'server' });
  });

  it('refuses with 503 where the store cannot keep it', async () => {
    const store = { append: () => Promise.reject(new Error('the disk is full')) } as unknown as AuditStore;
    await expect(auditRecorder(store, 'smart').note(note('a'))).rejects.toMatchObject({ status: 503 });
  });

  it('keeps every answer back while the trail fails: reads, searches, refusals', async () => {
    const guarded = await startGuarded({ STORE: 'sqlite::memory:' });
    try {
      const client = await guarded.client({ scope: 'system/*.cruds', kind: 'ClientCredentials' });
      const made = await client.post('/Patient', { resourceType: 'Patient', name: [{ family: 'Secret' }] });
      expect(made.status).toBe(201);
      const failing = auditRecorder(
        { append: () => Promise.reject(new Error('no')) } as unknown as AuditStore,
        'smart',
      );
      Object.assign((await guarded.composition.record('default'))!, { audit: failing });
      const id = made.body.id as string;
      const answers = [
        await client.get(`/Patient/${id}`),
        await client.get('/Patient?name=Secret'),
        await client.get('/Patient/none'),
        await apiOf(guarded.base).get(`/Patient/${id}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
      for (const { text } of answers) expect(text).not.toContain('Secret');
    } finally {
      await guarded.stop();
    }
  }, 30_000);
});
