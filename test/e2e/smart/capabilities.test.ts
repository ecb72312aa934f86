/**
 * What discovery claims is what is tested: each capability names the tests that show it, and there is no other.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#smart-on-fhir-oauth-authorization-endpoints-and-capabilities
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';

/** capability -> file and the beginning of the name of a test */
const SHOWN: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'launch-ehr': ['launch.test.ts', 'brings patient, encounter, intent'],
  'launch-standalone': ['launch.test.ts', 'a clinician chooses among the patients'],
  'authorize-post': ['oracle.test.ts', 'authorize by POST leads to the same code'],
  'client-public': ['oracle.test.ts', 'oauth4webapi: %s gets tokens'],
  'client-confidential-symmetric': ['oracle.test.ts', 'oauth4webapi: %s gets tokens'],
  'client-confidential-asymmetric': ['oracle.test.ts', 'oauth4webapi: a backend service with %s'],
  'sso-openid-connect': ['oracle.test.ts', 'oauth4webapi: the id_token is signed by a published key'],
  'context-banner': ['launch.test.ts', 'brings patient, encounter, intent, banner'],
  'context-style': ['launch.test.ts', 'brings patient, encounter, intent, banner, style'],
  'context-ehr-patient': ['launch.test.ts', 'brings patient'],
  'context-ehr-encounter': ['launch.test.ts', 'brings patient, encounter'],
  'context-standalone-patient': ['launch.test.ts', 'a clinician chooses among the patients'],
  'context-standalone-encounter': ['launch.test.ts', 'an encounter is chosen, or none'],
  'permission-offline': ['launch.test.ts', 'a refresh token lasts as chosen'],
  'permission-online': ['launch.test.ts', 'online access lasts as long as the session'],
  'permission-patient': ['launch.test.ts', 'patient scopes bring a patient into context'],
  'permission-user': ['launch.test.ts', 'user scopes alone need no patient'],
  'permission-v1': ['launch.test.ts', 'version 1 scopes are asked and answered as such'],
  'permission-v2': ['launch.test.ts', 'a kind of observations in place of all'],
};

/** of associated endpoints */
const SHOWN_ELSEWHERE: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'smart-app-state': ['app-state.test.ts', 'is made, found, changed by If-Match, and deleted'],
};

interface Configuration {
  readonly capabilities: string[];
  readonly associated_endpoints: { readonly url: string; readonly capabilities: string[] }[];
  readonly [name: string]: unknown;
}

describe('discovery', () => {
  let server: SmartServer;
  let found: Configuration;
  beforeAll(async () => {
    server = await startSmartServer();
    found = (await (await fetch(`${server.base}/.well-known/smart-configuration`)).json()) as Configuration;
  });
  afterAll(() => server.stop());

  it('lists the capabilities that tests show, and no other', () => {
    expect([...found.capabilities].sort()).toEqual(Object.keys(SHOWN).sort());
    const elsewhere = found.associated_endpoints.flatMap(({ capabilities }) => capabilities);
    expect(elsewhere).toEqual(Object.keys(SHOWN_ELSEWHERE));
  });

  it.each(Object.entries({ ...SHOWN, ...SHOWN_ELSEWHERE }))(
    '%s has its test',
    (_capability, [file, name]) => {
      expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(name);
    },
  );

  it('has every member that the specification requires, and only absolute addresses', () => {
    expect(found).toMatchObject({
      issuer: server.base,
      grant_types_supported: ['authorization_code', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
    });
    expect(found['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining(['client_secret_basic', 'client_secret_post', 'private_key_jwt']),
    );
    expect(found['token_endpoint_auth_signing_alg_values_supported']).toEqual(
      expect.arrayContaining(['RS384', 'ES384']),
    );
    const addresses = Object.entries(found).filter(([name]) => /_(?:endpoint|uri|bundle)$/.test(name));
    expect(addresses.length).toBeGreaterThan(7);
    for (const [, url] of addresses) expect(String(url)).toMatch(new RegExp(`^${server.origin}/`));
  });

  it('agrees with the metadata of OpenID Connect and OAuth', async () => {
    for (const path of [
      '/fhir/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/fhir',
    ]) {
      const other = (await (await fetch(server.origin + path)).json()) as Record<string, unknown>;
      for (const name of Object.keys(found).filter(
        (one) => /_(?:endpoint|uri)$/.test(one) || one === 'issuer',
      ))
        expect([name, other[name]]).toEqual([name, found[name]]);
    }
  });

  it('every endpoint that is named answers', async () => {
    for (const [name, url] of Object.entries(found).filter(([one]) =>
      /_(?:endpoint|uri|bundle)$/.test(one),
    )) {
      const answer = await fetch(String(url), {
        redirect: 'manual',
        headers: { accept: 'application/json' },
      });
      expect([name, answer.status === 404]).toEqual([name, false]);
    }
  });
});
