/**
 * Nothing of a person comes into a log, a metric or an error page, even at the most talkative level: the demo's names, dates, identifiers and addresses are
 * looked for in all of them, after requests that carry them everywhere a request can. https://www.hl7.org/fhir/security.html
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { personalIn, personalTexts } from '../support/fuzz/personal.ts';
import { demoIsThere, tokenSource } from '../support/fuzz/run.ts';
import { startServerProcess, type ServerProcess } from '../support/server-process.ts';

const PATIENTS = 4;

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly asked: string;
}

describe('personal texts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-personal-'));
  const personal = personalTexts(PATIENTS);
  let server: ServerProcess;
  let origin: string;
  let bearer: string;
  let before: number;
  beforeAll(async () => {
    server = await startServerProcess({
      STORE: `sqlite:${folder}`,
      ACCESS: 'smart',
      DEMO: 'on',
      DEMO_PATIENTS: String(PATIENTS),
      LOG_LEVEL: 'debug',
      WORKERS: '2',
    });
    origin = server.base.replace('/fhir', '');
    bearer = await (await tokenSource(origin, folder))();
    await demoIsThere(origin, bearer);
    // What stands before is the banner, which shows an operator whom the demo is about.
    before = server.output().length;
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = async (
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answered> => {
    const response = await fetch(origin + path, {
      method,
      redirect: 'manual',
      headers,
      ...(body !== undefined && { body }),
    });
    return { status: response.status, text: await response.text(), asked: `${method} ${path} ${body ?? ''}` };
  };
  const token = (): Record<string, string> => ({
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/fhir+json',
  });

  /** Each text in each place: what is found, what is refused, what fails, with a token and without. */
  async function carried(text: string): Promise<Answered[]> {
    const at = encodeURIComponent(text);
    const patient = JSON.stringify({ resourceType: 'Patient', name: [{ family: text }], birthDate: text });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    return Promise.all([
      send('GET', `/fhir/Patient?name=${at}`, undefined, token()),
      send('GET', `/fhir/Patient?birthdate=${at}&identifier=${at}&address=${at}`, undefined, token()),
      send('GET', `/fhir/Patient?name=${at}`),
      send('GET', `/fhir/Patient/${at}`, undefined, token()),
      send('GET', `/fhir/${at}`, undefined, token()),
      send('POST', '/fhir/Patient', patient, token()),
      send('POST', '/fhir/Patient', `{"resourceType":"${text}`, token()),
      send('POST', '/fhir/Patient/_search', `name=${at}`, { ...token(), ...form }),
      send('PUT', `/fhir/Patient?identifier=${at}`, patient, token()),
      send('GET', `/oidc/authorize?client_id=${at}&state=${at}&login_hint=${at}`, undefined, {
        accept: 'text/html',
      }),
      send('POST', '/oidc/token', `grant_type=${at}&code=${at}&client_id=${at}`, form),
      send('POST', '/oidc/register', JSON.stringify({ client_name: text, redirect_uris: [text] }), {
        'content-type': 'application/json',
      }),
      send('GET', `/nothing?name=${at}`, undefined, { accept: 'text/html' }),
      send('POST', '/apps/launch', `app=${at}&user=${at}&patient=${at}`, {
        ...form,
        'sec-fetch-site': 'same-origin',
      }),
    ]);
  }

  it('stand in no log, whatever a request carries', async () => {
    const answers = [];
    for (const text of personal) answers.push(...(await carried(text)));
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    await new Promise((done) => setTimeout(done, 300));
    const log = server.output().slice(before);
    expect(log.split('\n').length).toBeGreaterThan(personal.length * 5);
    expect(personalIn(log, personal)).toEqual([]);
    // The search has teeth.
    expect(personalIn(`${log} okafor, DANIEL`, personal)).toHaveLength(2);
  }, 120_000);

  it('stand in no metric', async () => {
    const { text } = await send('GET', '/metrics');
    expect(text).toContain('embergate_request_seconds');
    expect(personalIn(text, personal)).toEqual([]);
  });

  it('stand on no error page and in no refusal, where the request does not say them itself', async () => {
    const found = await send('GET', '/fhir/Patient?_count=4', undefined, token());
    const ids = [...found.text.matchAll(/"resource":\{"resourceType":"Patient","id":"([^"]+)"/g)].map(
      ([, id]) => id!,
    );
    expect(ids.length).toBeGreaterThan(0);
    const html = { accept: 'text/html' };
    const answers = [
      ...(await Promise.all(
        ids.flatMap((id) => [
          send('GET', `/fhir/Patient/${id}`),
          send('GET', `/fhir/Patient/${id}`, undefined, { authorization: 'Bearer x' }),
          send('PUT', `/fhir/Patient/${id}`, '{"resourceType":"Patient"}', token()),
          send('PUT', `/fhir/Patient/${id}`, `{"resourceType":"Patient","id":"${id}"}`, {
            ...token(),
            'if-match': 'W/"99"',
          }),
          send('PATCH', `/fhir/Patient/${id}`, '[{"op":"test","path":"/active","value":"x"}]', {
            ...token(),
            'content-type': 'application/json-patch+json',
          }),
          send('DELETE', `/fhir/Patient/${id}`, undefined, token()),
          send('GET', `/fhir/Patient/${id}/_history/99`, undefined, token()),
          send('GET', `/account/app/${id}`, undefined, html),
          send('GET', `/apps/ehr/${id}`, undefined, html),
        ]),
      )),
      await send('GET', '/oidc/interaction/none', undefined, html),
      await send(
        'GET',
        '/oidc/authorize?client_id=demo-public&redirect_uri=https://x.test/',
        undefined,
        html,
      ),
      await send('GET', '/console/nothing', undefined, html),
    ].filter(({ status }) => status >= 400);
    expect(answers.length).toBeGreaterThan(ids.length * 4);
    expect(
      answers.flatMap(({ text, asked }) => personalIn(text, personal).map((one) => `${asked}: ${one}`)),
    ).toEqual([]);
  }, 60_000);
});
