/** `embergate user`: accounts are made, listed, disabled and removed; passwords are shown once and kept as hashes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signIn } from '../../../src/smart/accounts.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import type { TenantStore } from '../../../src/store/ports.ts';
import { create } from '../../contract/units.ts';
import { commandIn, type Ran } from '../../support/command.ts';

let folder = '';
let run: ReturnType<typeof commandIn>;
const user = (...args: string[]): Promise<Ran> => run(['user', ...args]);

async function inStore<T>(work: (store: TenantStore) => Promise<T>): Promise<T> {
  const stores = await openSqliteStores({ location: join(folder, 'data') });
  try {
    return await work(await stores.tenant('default'));
  } finally {
    await stores.close();
  }
}

const signsIn = (name: string, password: string): Promise<boolean> =>
  inStore(async ({ tokens }) => 'account' in (await signIn(tokens, name, password, '127.0.0.1', Date.now())));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embergate-user-'));
  run = commandIn(folder);
  await inStore(({ resources }) =>
    resources.commit({ writes: [create('Practitioner', 'p1'), create('Patient', 'p1')] }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('embergate user', () => {
  it('makes an account with a password of its own making, which is shown once', async () => {
    const args = ['jdoe', '--role', 'practitioner', '--name', 'Jo Doe', '--fhir-user', 'Practitioner/p1'];
    const { code, out } = await user('add', ...args);
    const [, password] = /^made jdoe, password ([\w-]{16})\n$/.exec(out) ?? [];
    expect(code).toBe(0);
    expect(await signsIn('jdoe', password!)).toBe(true);
    const { out: listed } = await user('list');
    expect(listed).toBe('jdoe\tpractitioner\tJo Doe\tPractitioner/p1\tactive\n');
    expect(listed).not.toContain(password);
  }, 60_000);

  it('takes a password from standard input, and a new one later', async () => {
    const args = [
      'user',
      'add',
      'anna',
      '--role',
      'patient',
      '--fhir-user',
      'Patient/p1',
      '--password-stdin',
    ];
    expect(await run(args, 'correct horse\n')).toMatchObject({ code: 0, out: 'made anna\n' });
    expect(await signsIn('anna', 'correct horse')).toBe(true);
    const changed = await run(['user', 'password', 'anna', '--password-stdin'], 'another horse');
    expect(changed).toMatchObject({ code: 0, out: 'anna has a new password\n' });
    expect([await signsIn('anna', 'correct horse'), await signsIn('anna', 'another horse')]).toEqual([
      false,
      true,
    ]);
  }, 60_000);

  it('disables, enables and removes', async () => {
    await run(['user', 'add', 'ops', '--role', 'operator', '--password-stdin'], 'correct horse');
    expect((await user('disable', 'ops')).out).toBe('disabled ops\n');
    expect((await user('list')).out).toContain('ops\toperator\tops\t-\tdisabled\n');
    expect(await signsIn('ops', 'correct horse')).toBe(false);
    expect((await user('enable', 'ops')).out).toBe('enabled ops\n');
    expect(await signsIn('ops', 'correct horse')).toBe(true);
    expect((await user('remove', 'ops')).out).toBe('removed ops\n');
    expect((await user('list')).out).not.toContain('ops');
  }, 60_000);

  it.each([
    [['add', 'x', '--role', 'patient'], 'the role patient needs --fhir-user Patient/ID'],
    [
      ['add', 'x', '--role', 'patient', '--fhir-user', 'Practitioner/p1'],
      'the role patient needs --fhir-user Patient/ID',
    ],
    [
      ['add', 'x', '--role', 'patient', '--fhir-user', 'Patient/none'],
      'there is no Patient/none in the tenant: store it first',
    ],
    [
      ['add', 'x', '--role', 'operator', '--fhir-user', 'Patient/p1'],
      'an account with the role operator is nobody in the record: leave --fhir-user out',
    ],
    [
      ['remove', 'nobody'],
      'there is no account "nobody" in the tenant default: embergate user list shows them',
    ],
    [['list', '--tenant', 'nowhere'], 'there is no tenant "nowhere": embergate tenant list shows them'],
  ])('refuses %j in one line', async (args, line) => {
    const { code, out, err } = await user(...args);
    expect([code, out, err]).toEqual([1, '', `embergate: ${line}\n`]);
  });

  it('refuses a short password', async () => {
    const { code, err } = await run(['user', 'add', 'x', '--role', 'operator', '--password-stdin'], 'short');
    expect([code, err]).toEqual([1, 'embergate: The password is too short: use 8 characters or more\n']);
  });

  it.each(['add', 'list', 'password', 'disable', 'enable', 'remove'])('help of %s teaches', async (verb) => {
    const { code, out } = await user(verb, '--help');
    expect([code, /Examples:\n {2}embergate user /.test(out)]).toEqual([0, true]);
  });
});
