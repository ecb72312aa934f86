/** `embergate doctor`: looks at a running server from outside, as an app would, and says what is wrong and what to do. */
import { existsSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { AREAS, type Area } from './doctor/check.ts';
import { examine, type Finding } from './doctor/examine.ts';
import type { DoctorOptions } from './doctor/exam.ts';
import { examples } from './help.ts';
import { baseUrl } from './options.ts';

interface Options extends Omit<DoctorOptions, 'url'> {
  readonly json?: boolean;
  readonly only?: readonly Area[];
}

/** Where a server with the demo on this machine keeps the key of its backend service. */
const DEMO_KEY = 'data/demo-backend.jwk.json';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .argument('<url>', 'the FHIR base or the origin of the server', baseUrl)
    .description(
      'Look at a running server from outside, as an app would: discovery, CORS, PKCE, clients, launches, scopes, refresh, introspection, revocation, brands, TLS, headers, clock. It registers two apps, signs in, launches them and ends their access. Exit code 1 where something fails.',
    )
    .option('--json', 'print the findings as JSON')
    .option('--only <areas>', `look at some areas only: ${AREAS.join(', ')}`, areas)
    .option('--username <name>', 'who signs in, and may see a patient', 'clinician')
    .option('--password <password>', 'that person’s password (the demo’s when absent)', 'demo')
    .option('--public-client <id>', 'a public app that is registered, instead of registering one')
    .option('--confidential-client <id>', 'a confidential app that is registered')
    .option('--secret <secret>', 'its secret')
    .option('--redirect-uri <url>', 'a redirect address of these apps')
    .option('--backend-client <id>', 'a backend service')
    .option('--backend-key <file>', 'its private key as a JWK')
    .addHelpText(
      'after',
      examples(
        ['embergate doctor http://localhost:8080', 'looks at a server with the demo on this machine'],
        [
          'embergate doctor https://fhir.example.org/fhir --username dr.lee --password "$PASSWORD"',
          'signs in as a person of that server',
        ],
        ['embergate doctor http://localhost:8080 --json --only discovery,pkce', 'for a pipeline'],
      ),
    )
    .action(run);
}

function areas(text: string): readonly Area[] {
  const named = text.split(',').map((one) => one.trim());
  const wrong = named.find((one) => !(AREAS as readonly string[]).includes(one));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${AREAS.join(', ')}`);
  return named as Area[];
}

async function run(url: string, { json, only, ...given }: Options): Promise<void> {
  const demo = { backendClient: 'demo-backend', backendKey: DEMO_KEY };
  const options = { ...(existsSync(DEMO_KEY) && given.backendClient === undefined && demo), ...given, url };
  const findings = await examine(options, only, json ? undefined : (one) => console.log(lineOf(one)));
  const failed = findings.filter(({ result }) => result === 'fail');
  if (json) console.log(JSON.stringify({ url, ok: failed.length === 0, findings }, undefined, 2));
  else console.log(summaryOf(findings, failed));
  if (failed.length > 0) process.exitCode = 1;
}

const WIDTHS = [5, 14, 70] as const;

const lineOf = ({ result, area, check, detail }: Finding): string =>
  [result, area, check].map((text, i) => text.padEnd(WIDTHS[i]!)).join(' ') + ` ${detail.slice(0, 100)}`;

function summaryOf(findings: readonly Finding[], failed: readonly Finding[]): string {
  const of = (wanted: Finding['result']): number => findings.filter(({ result }) => result === wanted).length;
  const fixes = failed.map(({ check, detail, fix }) => `\n${check}\n  found: ${detail}\n  fix:   ${fix}`);
  return [...fixes, `\n${of('pass')} passed, ${of('fail')} failed, ${of('skip')} not checked`].join('\n');
}
