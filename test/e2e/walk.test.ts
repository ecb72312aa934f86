/**
 * A walk through every page that a visitor, a patient, a clinician and the operator can come to: what browsers are told on each, and that no form does
 * anything for another page or another person. https://www.w3.org/TR/CSP3/, https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startServerProcess, type ServerProcess } from '../support/server-process.ts';
import { Visitor, type Visit } from '../support/visitor.ts';

const STARTS = ['/', '/apps', '/apps/ehr', '/account', '/account/security', '/developer', '/console'];
const MOST_PAGES = 60;
const PEOPLE = [undefined, 'patient', 'clinician', 'admin'] as const;

interface Form {
  readonly page: string;
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : unescaped(found);
};

function formsOf({ text, url }: Visit): readonly Form[] {
  return [...text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].flatMap(([, head = '', inside = '']) => {
    if (!/\bmethod="post"/i.test(head)) return [];
    const tags = inside.match(/<(?:input|button|select|textarea)\b[^>]*>/g) ?? [];
    const fields = tags.flatMap((tag) => {
      const name = attribute(tag, 'name');
      return name === undefined ? [] : [[name, attribute(tag, 'value') ?? 'x'] as const];
    });
    const { pathname } = new URL(url);
    return [{ page: pathname, action: new URL(attribute(head, 'action') ?? '', url).href, fields }];
  });
}

/** Addresses on the same server that a page links to; of those that differ in their query alone a few. */
const linksOf = ({ text, url }: Visit): readonly string[] =>
  [...text.matchAll(/<a\b[^>]*\bhref="([^"]*)"/g)].flatMap(([, href = '']) => {
    const to = URL.parse(unescaped(href), url);
    return to?.origin === new URL(url).origin ? [to.href.split('#')[0]!] : [];
  });

/** What of a page would run, or look, as the page itself says. */
const inlineCode = (text: string): readonly string[] =>
  (text.match(/<[a-z][^>]*>/gi) ?? []).filter(
    (tag) =>
      /^<[^>]*\s(?:on[a-z]+|style|srcdoc)\s*=/i.test(tag) ||
      /^<style\b/i.test(tag) ||
      (/^<script\b/i.test(tag) && !/\bsrc="\//.test(tag)) ||
      /\b(?:href|src|action)="(?:javascript|data:text)/i.test(tag),
  );

describe('a walk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-walk-'));
  let server: ServerProcess;
  let origin: string;
  const pages = new Map<string, Visit>();
  const forms = new Map<string, Form & { readonly who: string }>();
  const visitors = new Map<string, Visitor>();

  async function signIn(visitor: Visitor, username: string): Promise<void> {
    const page = await visitor.open(`${origin}/oidc/sign-in?return=${encodeURIComponent('/account')}`);
    const after = await visitor.submit(page, [
      ['username', username],
      ['password', 'demo'],
    ]);
    if (after.status >= 400) throw new Error(`${username}: ${after.status} at ${after.url}`);
  }

  async function walk(visitor: Visitor, who: string): Promise<void> {
    const seen = new Set<string>();
    const shapes = new Map<string, number>();
    const queue = STARTS.map((path) => origin + path);
    while (queue.length > 0 && seen.size < MOST_PAGES) {
      const url = queue.shift()!;
      const shape = new URL(url).pathname.replace(/[0-9a-f-]{20,}|\d+/g, '*');
      if (
        seen.has(url) ||
        (shapes.get(shape) ?? 0) >= 3 ||
        /^\/(?:fhir|smart-apps|assets|metrics)/.test(shape)
      )
        continue;
      seen.add(url);
      shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
      const visit = await visitor.open(url);
      if (!/^text\/html/.test(visit.headers.get('content-type') ?? '')) continue;
      pages.set(`${who} ${url.slice(origin.length)}`, visit);
      for (const form of formsOf(visit)) {
        const key = `${who} ${new URL(form.action).pathname} ${form.fields.map(([name]) => name).join()}`;
        if (!forms.has(key)) forms.set(key, { ...form, who });
      }
      queue.push(...linksOf(visit));
    }
  }

  beforeAll(async () => {
    const port = await freePort();
    server = await startServerProcess({
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      STORE: `sqlite:${join(folder, 'data')}`,
      ACCESS: 'smart',
      DEMO: 'on',
      DEMO_PATIENTS: '2',
      WORKERS: '1',
    });
    origin = `http://127.0.0.1:${port}`;
    for (let tries = 0; !(await (await fetch(`${origin}/apps`)).text()).includes('Okafor'); tries++) {
      if (tries > 200) throw new Error('The demo was not loaded in time');
      await new Promise((done) => setTimeout(done, 200));
    }
    for (const who of PEOPLE) {
      const visitor = new Visitor();
      visitors.set(who ?? 'nobody', visitor);
      if (who !== undefined) await signIn(visitor, who);
      await walk(visitor, who ?? 'nobody');
    }
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('comes to many pages and forms, as each of them', () => {
    const paths = new Set([...pages.values()].map(({ url }) => new URL(url).pathname));
    expect(paths.size).toBeGreaterThan(10);
    expect([...paths]).toEqual(
      expect.arrayContaining(['/', '/apps', '/account', '/account/security', '/console']),
    );
    expect(new Set([...forms.values()].map(({ who }) => who))).toEqual(
      new Set(['nobody', 'patient', 'clinician', 'admin']),
    );
    process.stderr.write(`walk: ${pages.size} pages, ${forms.size} forms\n`);
  });

  it('[6] [41] [43] finds on each page a strict policy, no code in the page, and nobody who may frame it', () => {
    const faults: string[] = [];
    for (const [name, { headers, text, status }] of pages) {
      const policy = headers.get('content-security-policy') ?? '';
      const scripts =
        /(?:^|; )script-src ([^;]*)/.exec(policy)?.[1] ?? /default-src ([^;]*)/.exec(policy)?.[1];
      if (scripts === undefined || /unsafe|data:|\*|https?:/.test(scripts))
        faults.push(`${name}: policy "${policy}"`);
      if (!/object-src 'none'/.test(policy) || !/base-uri 'none'/.test(policy))
        faults.push(`${name}: "${policy}"`);
      if (!/frame-ancestors 'none'/.test(policy)) faults.push(`${name}: may be framed: "${policy}"`);
      for (const [header, wanted] of [
        ['x-content-type-options', 'nosniff'],
        ['referrer-policy', 'no-referrer'],
        ['x-frame-options', 'DENY'],
      ] as const)
        if (headers.get(header) !== wanted) faults.push(`${name}: ${header} is ${headers.get(header)}`);
      if (headers.has('x-powered-by') || headers.has('server')) faults.push(`${name}: tells its software`);
      faults.push(...inlineCode(text).map((tag) => `${name}: ${tag}`));
      if (status >= 500) faults.push(`${name}: ${status}`);
    }
    expect(faults).toEqual([]);
  });

  it('[36] finds that pages of a person are kept by no cache', () => {
    const kept = [...pages].flatMap(([name, { url, headers }]) =>
      /^\/(?:account|console)/.test(new URL(url).pathname) &&
      !/no-store/.test(headers.get('cache-control') ?? '')
        ? [`${name}: ${headers.get('cache-control')}`]
        : [],
    );
    expect(kept).toEqual([]);
  });

  it('[5] finds no form that another page could send', async () => {
    const faults: string[] = [];
    for (const [name, { action, fields, who }] of forms) {
      const withoutProof = fields
        .filter(([field]) => field !== 'csrf')
        .map(([field, value]): [string, string] => [field, value]);
      const cross = {
        origin: 'https://evil.test',
        'sec-fetch-site': 'cross-site',
        referer: 'https://evil.test/',
      };
      const visit = await visitors.get(who)!.send('POST', action, new URLSearchParams(withoutProof), cross);
      // Who is not signed in is sent to the sign-in, which leads to nothing that was sent.
      const isTurnedAway =
        visit.status === 303 && /\/oidc\/sign-in/.test(visit.headers.get('location') ?? '');
      if (visit.status < 400 && !isTurnedAway)
        faults.push(`${name}: ${visit.status} ${visit.headers.get('location')}`);
    }
    expect(faults).toEqual([]);
  });

  it('[5] finds no form that does anything with the proof of another person', async () => {
    const faults: string[] = [];
    const proofs = new Map<string, string>();
    for (const { who, fields } of forms.values()) {
      const proof = fields.find(([field]) => field === 'csrf')?.[1];
      if (proof !== undefined) proofs.set(who, proof);
    }
    for (const [name, { action, fields, who }] of forms) {
      if (!fields.some(([field]) => field === 'csrf')) continue;
      const stolen = [...proofs].find(([other]) => other !== who)?.[1] ?? 'x';
      const sent = fields.map(([field, value]): [string, string] => [
        field,
        field === 'csrf' ? stolen : value,
      ]);
      const visit = await visitors.get(who)!.send('POST', action, new URLSearchParams(sent));
      const isTurnedAway =
        visit.status === 303 && /\/oidc\/sign-in/.test(visit.headers.get('location') ?? '');
      if (visit.status < 400 && !isTurnedAway)
        faults.push(`${name}: ${visit.status} ${visit.headers.get('location')}`);
    }
    expect(faults).toEqual([]);
  });

  it('[43] finds on everything else that types are not guessed, and that nothing frames it', async () => {
    const faults: string[] = [];
    for (const path of [
      '/healthz',
      '/readyz',
      '/metrics',
      '/fhir/metadata',
      '/fhir/Patient',
      '/nothing',
      '/oidc/jwks',
      '/fhir/.well-known/smart-configuration',
      '/oidc/nothing',
      '/assets/nothing.css',
    ]) {
      const { headers } = await fetch(origin + path, { headers: { accept: '*/*' } });
      if (headers.get('x-content-type-options') !== 'nosniff') faults.push(`${path}: no nosniff`);
      if (headers.has('x-powered-by')) faults.push(`${path}: tells its software`);
    }
    expect(faults).toEqual([]);
  });
});

describe('behind https', () => {
  it('[6] [17] browsers are told to stay, and cookies bear the prefixes that keep them to host and https', async () => {
    const port = await freePort();
    const server = await startServerProcess({
      PORT: String(port),
      PUBLIC_URL: 'https://fhir.example.test',
      STORE: 'sqlite::memory:',
      ACCESS: 'smart',
      WORKERS: '1',
    });
    try {
      const at = `http://127.0.0.1:${port}`;
      for (const path of ['/', '/fhir/metadata', '/fhir/Patient', '/healthz', '/oidc/jwks', '/nothing']) {
        const { headers } = await fetch(at + path, { redirect: 'manual' });
        expect([path, headers.get('strict-transport-security')]).toEqual([path, 'max-age=31536000']);
      }
      const cookies: string[] = [];
      for (const path of ['/oidc/sign-in?return=%2Faccount', '/developer', '/account']) {
        const { headers } = await fetch(at + path, { redirect: 'manual' });
        cookies.push(...headers.getSetCookie());
      }
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) {
        expect(cookie).toMatch(/^__(?:Host|Secure)-/);
        expect(cookie).toMatch(/; secure/i);
        expect(cookie).toMatch(/; httponly/i);
        expect(cookie).not.toMatch(/; domain=/i);
        if (cookie.startsWith('__Host-')) expect(cookie).toMatch(/; path=\/(?:;|$)/i);
      }
    } finally {
      await server.stop();
    }
  }, 60_000);
});
