/** What happens at the authorization server is in the trail before it is answered: sign-in, consent, token, refresh, revocation. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditNote, Happening } from '../../../src/access/audit/note.ts';
import { decodeNotes } from '../../../src/access/audit/page.ts';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import * as flow from '../smart/flow.ts';
import { addClients } from '../smart/security.ts';

export function smartAuditTests(settings: () => { readonly mongo?: string }): void {
  describe('the audit trail of the authorization server', () => {
    let server: SmartServer;
    let people: flow.People;
    beforeAll(async () => {
      server = await startSmartServer(settings());
      people = await flow.seed(server);
      await addClients(server);
    }, 60_000);
    afterAll(() => server?.stop());

    const notes = async (): Promise<AuditNote[]> => {
      const { audit } = await server.store();
      const all: AuditNote[] = [];
      for await (const page of audit.walk()) all.push(...decodeNotes(page.body));
      // Two threads answer, each with a chain of its own.
      return all.sort((one, other) => one.at - other.at);
    };
    /** What `work` has added to the trail, without what the pages read of the record. */
    const added = async (work: () => Promise<unknown>): Promise<AuditNote[]> => {
      const before = (await notes()).length;
      await work();
      return (await notes()).slice(before).filter(({ happening }) => !RECORD.has(happening));
    };
    const RECORD = new Set<Happening>(['read', 'search', 'vread', 'history']);
    const kinds = (all: readonly AuditNote[]): string[] =>
      all.map(({ happening, outcome }) => `${happening} ${outcome}`);

    it('tells of a launch: who signed in, what was agreed to, which token was given', async () => {
      const scope = 'launch/patient patient/*.rs openid fhirUser offline_access';
      const all = await added(() => flow.tokensOf(server, { scope }));
      expect(kinds(all)).toEqual(['sign-in done', 'consent done', 'token done']);
      const [signIn, consent, token] = all as [AuditNote, AuditNote, AuditNote];
      expect(signIn.who).toMatchObject({ accountId: people.clinician, fhirUser: 'Practitioner/doc' });
      expect(consent).toMatchObject({
        who: { accountId: people.clinician, clientId: 'public-app' },
        patients: ['anna'],
        detail: { scope: expect.stringContaining('patient/') },
      });
      expect(token).toMatchObject({
        who: { kind: 'person', accountId: people.clinician, clientId: 'public-app', patient: 'anna' },
        patients: ['anna'],
        detail: { grant: 'authorization_code' },
      });
      expect(token.who.grantId).toBeDefined();
    });

    it('tells of what is refused: a wrong password, a denied consent, a code that is used twice', async () => {
      const wrong = await added(async () => {
        const { url } = flow.authorization(server, {});
        const visitor = new Visitor();
        const page = await visitor.open(url);
        await visitor.submit(page, [
          ['username', 'clinician'],
          ['password', 'not it'],
        ]);
      });
      expect(kinds(wrong)).toEqual(['sign-in refused']);
      const denied = await added(async () => {
        const { url } = flow.authorization(server, {});
        const visitor = new Visitor();
        await flow.walk(visitor, await visitor.open(url), { deny: true });
      });
      expect(kinds(denied)).toEqual(['sign-in done', 'consent refused']);
      const twice = await added(async () => {
        const authorized = await flow.authorize(server);
        await flow.redeem(server, authorized);
        await flow.redeem(server, authorized);
      });
      expect(kinds(twice)).toEqual(['sign-in done', 'consent done', 'token done', 'token refused']);
      expect(twice.at(-1)!.reason).toContain('invalid_grant');
    });

    it('tells of a refresh and a revocation', async () => {
      const tokens = await flow.tokensOf(server, { scope: 'launch/patient patient/*.rs offline_access' });
      const refresh = String(tokens.refresh_token);
      const at = `${server.origin}/oidc`;
      const all = await added(async () => {
        const form = { grant_type: 'refresh_token', refresh_token: refresh, client_id: 'public-app' };
        const answer = await flow.post(`${at}/token`, form);
        expect(answer.status).toBe(200);
        const token = String(answer.body.access_token);
        await flow.post(`${at}/revoke`, { token, client_id: 'public-app' });
      });
      expect(kinds(all)).toEqual(['token done', 'revocation done']);
      expect(all[0]).toMatchObject({
        detail: { grant: 'refresh_token' },
        who: { accountId: people.clinician },
      });
    });
  });
}
