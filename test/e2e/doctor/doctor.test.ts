/** The doctor finds nothing wrong with a server that is right, and each thing that is wrong with one that is not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKS } from '../../../src/cli/doctor/checks.ts';
import { examine, type Finding } from '../../../src/cli/doctor/examine.ts';
import { AREAS } from '../../../src/cli/doctor/check.ts';
import { commandIn } from '../../support/command.ts';
import { freePort, startServerProcess, type ServerProcess } from '../../support/server-process.ts';
import { startSpoiler, type Spoiler } from '../../support/spoiler.ts';
import { ALSO, BROKEN, inDiscovery } from './broken.ts';

describe('the doctor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-doctor-'));
  let server: ServerProcess;
  let spoiler: Spoiler;
  let url: string;
  beforeAll(async () => {
    spoiler = await startSpoiler();
    const port = await freePort();
    spoiler.to = port;
    url = `http://localhost:${spoiler.port}/fhir`;
    server = await startServerProcess({
      PORT: String(port),
      PUBLIC_URL: `http://localhost:${spoiler.port}`,
      STORE: `sqlite:${join(folder, 'data')}`,
      ACCESS: 'smart',
      DEMO: 'on',
      DEMO_PATIENTS: '2',
      WORKERS: '1',
      // Each examination registers apps of its own: more than an address may in an hour.
      TRUSTED_PROXIES: '1',
    });
    for (
      let i = 0;
      i < 200 && !(await examine(options(), ['launch'])).every(({ result }) => result === 'pass');
      i++
    )
      await new Promise((done) => setTimeout(done, 100));
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await spoiler?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = () => ({
    url,
    username: 'clinician',
    password: 'demo',
    backendClient: 'demo-backend',
    backendKey: join(folder, 'data', 'demo-backend.jwk.json'),
  });
  const wrong = (findings: readonly Finding[]): Finding[] =>
    findings.filter(({ result }) => result !== 'pass');

  it('finds nothing wrong with a server that is right, by the command, as a table', async () => {
    spoiler.spoil = undefined;
    const { backendClient, backendKey } = options();
    const ran = await commandIn(folder)([
      'doctor',
      url,
      '--backend-client',
      backendClient,
      '--backend-key',
      backendKey,
    ]);
    expect(ran.out).toMatch(/\n39 passed, 0 failed, 2 not checked\n/);
    expect(ran.out.match(/^pass /gm)).toHaveLength(39);
    expect(ran.code).toBe(0);
  }, 60_000);

  it('tells in JSON what fails and how to mend it, and ends with 1', async () => {
    spoiler.spoil = inDiscovery((one) => (one['code_challenge_methods_supported'] = ['plain']));
    const ran = await commandIn(folder)(['doctor', url, '--json', '--only', 'pkce']);
    const { ok, findings } = JSON.parse(ran.out) as { ok: boolean; findings: Finding[] };
    expect([ran.code, ok, findings.length]).toEqual([1, false, 4]);
    expect(wrong(findings)).toEqual([
      {
        area: 'pkce',
        check: 'S256 is offered, plain is not',
        result: 'fail',
        detail: 'offered: plain',
        fix: 'offer S256 alone',
      },
    ]);
  }, 60_000);

  it('says in one line where no server is, or nobody can sign in', async () => {
    const nowhere = `http://localhost:${await freePort()}`;
    const [first] = await examine({ ...options(), url: nowhere }, ['discovery']);
    expect(first).toMatchObject({
      result: 'fail',
      detail: expect.stringMatching(/gives no answer: .*ECONNREFUSED/),
    });
    spoiler.spoil = undefined;
    const refused = await examine({ ...options(), password: 'wrong' }, ['refresh']);
    expect(refused[0]).toMatchObject({ result: 'fail', detail: expect.stringContaining('--username') });
    const ran = await commandIn(folder)(['doctor', url, '--only', 'nonsense']);
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('none of discovery, cors')]);
  }, 60_000);

  it.each(BROKEN)(
    '%s: %s … fails where it should (%#)',
    async (area, check, spoil) => {
      spoiler.spoil = spoil;
      spoiler.from = `198.51.100.${BROKEN.findIndex((one) => one[2] === spoil)}`;
      const findings = await examine(options(), [area]);
      const failed = findings.filter(({ result }) => result === 'fail').map((one) => one.check);
      expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(new RegExp(`^${check}`))]));
      const also = ALSO[check] ?? [];
      expect(failed.filter((one) => ![check, ...also].some((start) => one.startsWith(start)))).toEqual([]);
    },
    30_000,
  );

  // Those of TLS have theirs in tls.test.ts.
  it('has a broken server for every check but those of TLS', () => {
    const shown = (name: string, area: string): boolean =>
      BROKEN.some(([of, start]) => of === area && name.startsWith(start));
    const unshown = CHECKS.filter(({ area, name }) => area !== 'tls' && !shown(name, area)).map(
      ({ name }) => name,
    );
    expect(unshown).toEqual([]);
    expect(new Set(CHECKS.map(({ area }) => area))).toEqual(new Set(AREAS));
  });
});
