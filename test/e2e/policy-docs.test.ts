/** docs/policies.md: its examples are policies that can be understood, and its commands run as they stand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parsePolicy } from '../../src/access/policy/parse.ts';
import { openStores } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import type { JsonObject, ResourceTree } from '../../src/fhir/model/tree.ts';
import { validateStructure } from '../../src/fhir/validation/structure.ts';
import { addAccount } from '../../src/smart/accounts.ts';
import { saveClient } from '../../src/smart/registered-clients.ts';
import { commandIn, type Ran } from '../support/command.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');
const text = readFileSync(join(DOCS, 'policies.md'), 'utf8');
const examples = readdirSync(join(DOCS, 'policies'));
const commands = [...text.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block]) => block!.trim().split('\n'))
  .map((line) => line.replace(/^node scripts\/embergate\.mjs /, ''));

/** A line of shell as its words. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three!);

describe('the page on policies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-policies-'));
  let run: ReturnType<typeof commandIn>;
  let definitions: Definitions;
  beforeAll(async () => {
    definitions = await loadDefinitions({});
    mkdirSync(join(folder, 'docs'));
    cpSync(join(DOCS, 'policies'), join(folder, 'docs/policies'), { recursive: true });
    run = commandIn(folder);
    const stores = await openStores(readConfig({ STORE: `sqlite:${join(folder, 'data')}` }));
    const { tokens } = await stores.tenant('default');
    const fhirUser = 'Practitioner/1';
    const person = {
      username: 'clinician',
      name: 'C',
      role: 'practitioner',
      fhirUser,
      password: 'a long one',
    } as const;
    await addAccount(tokens, person, Date.now());
    await saveClient(tokens, {
      client_id: 'demo-backend',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      smart_scopes: 'system/*.rs',
    });
    await stores.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(examples)('%s can be stored and is told of', (name) => {
    const tree = JSON.parse(readFileSync(join(DOCS, 'policies', name), 'utf8')) as JsonObject;
    expect(validateStructure(definitions, tree as ResourceTree)).toEqual([]);
    expect(parsePolicy(definitions, tree, 'x')?.problems).toEqual([]);
    expect(tree['id']).toBe(name.replace('.json', ''));
    expect(text).toContain(`(policies/${name})`);
  });

  const output: Record<string, Ran> = {};
  it('has commands that run as pasted', async () => {
    expect(commands.length).toBeGreaterThan(5);
    for (const line of commands) {
      output[line] = await run(words(line));
      expect({ line, code: output[line].code, err: output[line].err }).toEqual({ line, code: 0, err: '' });
    }
  }, 120_000);

  it('and tell what is so', () => {
    const told = (start: string): string => output[commands.find((line) => line.startsWith(start))!]!.out;
    expect(told('access apply')).toContain('stored Basic/own-patients');
    expect(told("access explain clinician 'Patient?name=a'")).toMatch(
      /refused: .*[\s\S]*my patients.*\[Basic\/own-patients\/_history\/1\]/,
    );
    expect(told('access remove')).toContain('removed');
    expect(told('access explain clinician Patient/1')).toMatch(/There is no Patient\/1[\s\S]*built-in/);
    expect(told('access explain demo-backend')).toMatch(/^refused: .*system\/Patient\.c/);
  });

  it('whose policies are listed in words, and whose faults are told', async () => {
    for (const name of examples)
      expect((await run(['access', 'apply', `docs/policies/${name}`])).code).toBe(0);
    const { out } = await run(['access', 'policies']);
    expect(out).toMatch(/Basic\/front-desk\/_history\/1\tpractitioner \(.*front-desk\)/);
    expect(out).toMatch(/hides Patient\.telecom, Patient\.contact; locks Patient\.identifier/);
    expect(out).toMatch(/built-in\tpatient/);
    expect(out).not.toMatch(/built-in\tpractitioner/);
    const none = await run(['access', 'explain', 'nobody', 'Patient/1']);
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/no account and no client "nobody"/)]);
  }, 120_000);
});
