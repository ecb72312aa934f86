// What happens around signing in stands in the audit trail: who, how, or why not; and nothing of what they typed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Composition } from '../../../src/compose.ts';
import { decodeNotes } from '../../../src/access/audit/page.ts';
import type { AuditNote } from '../../../src/access/audit/note.ts';
import { frontDesk } from '../../../src/front-desk.ts';
import { webApp } from '../../../src/web/app.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { withApp } from '../../support/second-step.ts';
import { Visitor, valuesOf, type Visit } from '../../support/visitor.ts';

let server: SmartServer;
let composition: Composition;

beforeAll(async () => {
  server = await startSmartServer({
    pages: (one, config) => {
      composition = one;
      return webApp(frontDesk(one, config, 'test'));
    },
  });
});
afterAll(() => server.stop());

async function notes(): Promise<readonly AuditNote[]> {
  const { audit } = await composition.stores.tenant('default');
  const found = await audit.read({ limit: 100 });
  return found.flatMap(({ page }) => decodeNotes(page.body)).sort((a, b) => a.at - b.at);
}

const signIn = (visitor: Visitor, page: Visit, username: string, password = PASSWORD): Promise<Visit> =>
  visitor.submit(page, [
    ['username', username],
    ['password', password],
  ]);

describe('the trail of signing in', () => {
  it('has what was refused and why, what was done and how, proofs made again, changes and the end', async () => {
    const id = await server.account({ username: 'ops', name: 'Ops', role: 'operator' });
    const visitor = new Visitor();
    const address = `${server.origin}/oidc/sign-in?return=%2Faccount%2Fsecurity`;
    await signIn(visitor, await visitor.open(address), 'ops', 'a wrong password');
    await signIn(visitor, await visitor.open(address), 'ops');
    const app = await withApp(server, id);
    const again = `${address}&acr=urn:embergate:acr:mfa`;
    const next = await signIn(visitor, await visitor.open(again), 'ops');
    const passed = valuesOf(next.text, 'passed')[0]!;
    const wrong = await visitor.submit(next, [
      ['passed', passed],
      ['code', '000000'],
    ]);
    expect(wrong.status).toBe(401);
    const code = app.code();
    const page = await visitor.submit(wrong, [
      ['passed', passed],
      ['code', code],
    ]);
    const csrf = valuesOf(page.text, 'csrf')[0]!;
    const form = new URLSearchParams({ csrf, do: 'sign-out-others' });
    await visitor.send('POST', `${server.origin}/account/security`, form);
    await visitor.send('POST', `${server.origin}/oidc/sign-out`, new URLSearchParams({ csrf }));

    const trail = await notes();
    expect(trail.map(({ happening, outcome }) => `${happening} ${outcome}`)).toEqual([
      'sign-in refused',
      'sign-in done',
      'step-up refused',
      'step-up done',
      'administration done',
      'sign-out done',
    ]);
    const [refused, done, , stronger, change] = trail;
    expect(refused!.who).toEqual({ kind: 'nobody', name: 'ops' });
    expect(done!.who).toMatchObject({ kind: 'person', accountId: id });
    expect(done!.detail).toMatchObject({
      acr: 'urn:embergate:acr:pwd',
      methods: 'pwd',
      address: '127.0.0.1',
    });
    expect(stronger!.detail).toMatchObject({ acr: 'urn:embergate:acr:mfa', methods: 'pwd otp' });
    expect(change!.detail).toMatchObject({ change: 'all other sessions ended', account: 'ops' });
    const text = JSON.stringify(trail);
    for (const typed of ['a wrong password', PASSWORD, '000000', `"${code}"`, passed, csrf])
      expect(text).not.toContain(typed);
  }, 60_000);
});
