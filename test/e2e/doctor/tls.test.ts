/** The doctor before a server behind TLS: one that is right, and each thing that can be wrong with the connection. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../../src/cli/doctor/examine.ts';
import { certificateFor, type Made } from '../../support/certificate.ts';
import { commandIn } from '../../support/command.ts';
import { startServerProcess, freePort, type ServerProcess } from '../../support/server-process.ts';
import { startSpoiler, type Spoiler } from '../../support/spoiler.ts';

const CHECKS = {
  encrypted: 'the connection is encrypted',
  days: 'the certificate is good for 14 days and more',
  stays: 'browsers are told to stay with TLS',
} as const;

describe('the doctor, by https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-tls-'));
  const started: (ServerProcess | Spoiler)[] = [];
  let good: Made;
  let old: Made;
  let front: Spoiler;
  beforeAll(async () => {
    good = certificateFor(folder, 90);
    old = certificateFor(folder, 5);
    front = await behind(good);
  }, 60_000);
  afterAll(async () => {
    for (const one of started.reverse()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A server, and the proxy with TLS in front of it that its PUBLIC_URL names. */
  async function behind(certificate: Made): Promise<Spoiler> {
    const spoiler = await startSpoiler(certificate);
    started.push(spoiler);
    spoiler.to = await freePort();
    started.push(
      await startServerProcess({
        PORT: String(spoiler.to),
        PUBLIC_URL: `https://localhost:${spoiler.port}`,
        STORE: `sqlite:${join(folder, `data-${spoiler.port}`)}`,
        ACCESS: 'smart',
        DEMO: 'off',
        WORKERS: '1',
        TRUSTED_PROXIES: '1',
      }),
    );
    return spoiler;
  }

  async function examined(url: string, trusted?: Made): Promise<readonly Finding[]> {
    const environment = trusted && { NODE_EXTRA_CA_CERTS: trusted.file };
    const ran = await commandIn(folder, environment)(['doctor', url, '--json', '--only', 'tls']);
    return (JSON.parse(ran.out) as { findings: Finding[] }).findings;
  }
  const https = ({ port }: Spoiler): string => `https://localhost:${port}/fhir`;
  const failed = (findings: readonly Finding[]): readonly (readonly [string, string])[] =>
    findings
      .filter(({ result }) => result === 'fail')
      .map(({ check, detail }) => [check, detail ?? ''] as const);

  it('finds nothing wrong with one that is right', async () => {
    const findings = await examined(https(front), good);
    expect(findings.map(({ check, result, detail }) => [check, result, detail])).toEqual([
      [CHECKS.encrypted, 'pass', 'https'],
      [CHECKS.days, 'pass', expect.stringMatching(/^(89|90) days$/)],
      [CHECKS.stays, 'pass', expect.stringMatching(/max-age=\d{7,}/)],
    ]);
  }, 60_000);

  it('says that a certificate ends soon', async () => {
    expect(failed(await examined(https(await behind(old)), old))).toEqual([
      [CHECKS.days, expect.stringMatching(/^it ends in [45] days$/)],
    ]);
  }, 60_000);

  it('says that browsers are not told to stay', async () => {
    front.spoil = (_asked, answer) => void delete answer.headers['strict-transport-security'];
    const findings = await examined(https(front), good);
    front.spoil = undefined;
    expect(failed(findings)).toEqual([[CHECKS.stays, expect.stringContaining('Strict-Transport-Security')]]);
  }, 60_000);

  it('says that no one vouches for a certificate', async () => {
    const findings = await examined(https(front));
    expect(findings.length).toBeGreaterThan(0);
    expect(failed(findings).map(([, detail]) => detail)).toEqual(
      findings.map(() => expect.stringMatching(/gives no answer: .*self-signed certificate/)),
    );
  }, 60_000);

  it('says that a server for others speaks plain http', async () => {
    const plain = await startSpoiler();
    started.push(plain);
    plain.to = front.to;
    // No name of this machine alone, and yet one that leads to it.
    const findings = await examined(`http://0.0.0.0:${plain.port}/fhir`);
    expect(failed(findings)[0]).toEqual([CHECKS.encrypted, '0.0.0.0 is served by http']);
  }, 60_000);
});
