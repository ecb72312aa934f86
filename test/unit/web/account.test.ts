// The account pages over a real socket, without a browser: who is let in, whose forms count, what comes back after a sign-in, and the copies of a record.

import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AccountDesk } from '../../../src/web/account/view.ts';
import { webApp } from '../../../src/web/app.ts';
import { accountDesk, views } from '../../support/account-desk.ts';
import { CSRF, door, people, type DoorOptions } from '../../support/own-pages.ts';
import { site, webOptions } from '../../support/web.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(options: DoorOptions, parts: Partial<AccountDesk> = {}) {
  const gate = door(options);
  const desk = accountDesk(views['usual']!, gate, parts);
  let app: RequestListener = () => undefined;
  server = createServer((request, response) => app(request, response)).listen(0, '127.0.0.1');
  await new Promise((done) => server!.once('listening', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app = webApp(webOptions({ site: { ...site, publicUrl: origin }, account: desk }));
  const send = async (method: string, path: string, form?: readonly (readonly [string, string])[]) => {
    const body = form && new URLSearchParams(form.map(([name, value]): [string, string] => [name, value]));
    const headers = { accept: 'text/html' };
    const response = await fetch(origin + path, {
      method,
      redirect: 'manual',
      headers,
      ...(body && { body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { desk, gate, send };
}

const patient = people.patient;

describe('/account', () => {
  it('sends nobody to sign in, and back to where they wanted to go', async () => {
    const { send } = await serve({});
    for (const path of ['/account', '/account/apps/grant-1', '/account/looked/jonas?after=x']) {
      const { status, headers } = await send('GET', path);
      expect([status, headers.get('location')]).toEqual([
        303,
        `/oidc/sign-in?return=${encodeURIComponent(path)}`,
      ]);
    }
  });

  it('is kept by no cache, framed by no one, and sends no address to others', async () => {
    const { send } = await serve({ account: patient });
    const { headers, text } = await send('GET', '/account');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(text).toContain('Growth Tracker');
  });

  it.each(['/account/apps/grant-1/narrow', '/account/apps/grant-1/stop', '/account/people/rel-1/end'])(
    'changes nothing by a form without its proof: %s',
    async (path) => {
      const { desk, send } = await serve({ account: patient });
      for (const csrf of ['', 'another', undefined]) {
        const form = [
          ['scope', 'patient/Patient.rs'],
          ['reason', 'x'],
        ] as [string, string][];
        const { status } = await send('POST', path, csrf === undefined ? form : [...form, ['csrf', csrf]]);
        expect(status).toBe(403);
      }
      expect(desk.asked).toEqual([]);
    },
  );

  it('keeps the form over a sign-in that is asked for, and fills it in again', async () => {
    const { desk, gate, send } = await serve({ account: patient, stale: true });
    const form = [
      ['csrf', CSRF],
      ['reason', 'We live apart'],
    ] as const;
    const { status, headers } = await send('POST', '/account/people/rel-1/end', form);
    expect([status, desk.asked]).toEqual([303, []]);
    const back = new URL(headers.get('location')!, 'http://localhost').searchParams.get('return')!;
    expect(back).toBe('/account/people/rel-1/end?draft=draft-0');
    expect(gate.drafts.get('draft-0')!.fields).toEqual(form);
    expect((await send('GET', back)).text).toContain('value="We live apart"');
  });

  it('asks why before it ends that someone acts for a person', async () => {
    const { desk, send } = await serve({ account: patient });
    const { status, text } = await send('POST', '/account/people/rel-1/end', [
      ['csrf', CSRF],
      ['reason', '  '],
    ]);
    expect([status, desk.asked]).toEqual([422, []]);
    expect(text).toContain('Say in a few words why.');
  });

  it('does not say whether what is not there is another’s', async () => {
    const { send } = await serve({ account: patient });
    for (const path of [
      '/account/apps/none',
      '/account/looked/maya',
      '/account/people/none/end',
      '/account/copy/maya',
    ])
      expect((await send('GET', path)).status).toBe(404);
  });

  describe('a copy of the record', () => {
    it('asks for a fresh sign-in', async () => {
      const { send } = await serve({ account: patient, stale: true });
      expect((await send('GET', '/account/copy/jonas?as=bundle')).status).toBe(303);
    });

    it('is one Bundle', async () => {
      const { send } = await serve({ account: patient });
      const { headers, text } = await send('GET', '/account/copy/jonas?as=bundle');
      expect(headers.get('content-type')).toContain('application/fhir+json');
      expect(headers.get('content-disposition')).toContain('attachment');
      const bundle = JSON.parse(text) as { entry: { fullUrl: string; resource: { resourceType: string } }[] };
      expect(bundle.entry.map(({ resource }) => resource.resourceType)).toEqual([
        'Patient',
        'Observation',
        'Observation',
        'Condition',
        'Encounter',
      ]);
      expect(bundle.entry[0]!.fullUrl).toBe('http://localhost:8080/fhir/Patient/jonas');
    });

    it('is a line a resource', async () => {
      const { send } = await serve({ account: patient });
      const { headers, text } = await send('GET', '/account/copy/jonas?as=ndjson');
      expect(headers.get('content-type')).toContain('application/fhir+ndjson');
      const lines = text.trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual([
        'jonas',
        'o1',
        'o2',
        'c1',
        'e1',
      ]);
    });

    it('is a page that one can read', async () => {
      const { send } = await serve({ account: patient });
      const { text } = await send('GET', '/account/copy/jonas?as=page');
      const plain = text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
      expect(plain).toContain('1 October 2026 Haemoglobin A1c: 6.8 %');
      expect(plain).toContain('Blood pressure: Systolic 132 mm[Hg] · Diastolic 84 mm[Hg]');
      expect(plain).toContain('May 2014 Type 2 diabetes mellitus: active');
    });

    it('breaks off where the record breaks off, so that half a file is not taken for the whole', async () => {
      async function* half() {
        yield { type: 'Patient', url: 'x', bytes: Buffer.from('{}') };
        throw new Error('the store is gone');
      }
      const copy = async () => ({ patient: views['usual']!.records[0]!.patient, resources: half() });
      const { send } = await serve({ account: patient }, { copy });
      await expect(send('GET', '/account/copy/jonas?as=bundle')).rejects.toThrow();
    });
  });
});
