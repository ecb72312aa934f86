/** `embergate user`: makes, lists, disables and removes the accounts of people. */
import { randomBytes } from 'node:crypto';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { Option } from 'commander';
import * as accounts from '../smart/accounts.ts';
import type { Role } from '../smart/accounts.ts';
import type { TenantStore } from '../store/ports.ts';
import { examples } from './help.ts';
import { addSignInCommands } from './user-sign-in.ts';
import { noteAdministration, TENANT_OPTION, withTenant } from './stores.ts';

interface UserOptions {
  readonly tenant: string;
  readonly role: Role;
  readonly name?: string;
  readonly fhirUser?: string;
  readonly passwordStdin?: boolean;
}

/** What a person of a role is in the record. An operator is nothing there: no clinical data is theirs to see. */
const RESOURCES: Readonly<Record<Role, readonly string[]>> = {
  practitioner: ['Practitioner', 'PractitionerRole'],
  patient: ['Patient'],
  related: ['RelatedPerson'],
  operator: [],
};

const FROM_STDIN = 'read the password from standard input; without it one is made and shown once';

export function addUser(program: Command): void {
  const user = program
    .command('user')
    .description('Accounts of people who sign in. A running server knows of every change at once.')
    .addHelpText(
      'after',
      examples(
        ['embergate user list', 'shows who can sign in'],
        ['embergate user add --help', 'tells how an account is made'],
      ),
    );
  user
    .command('add <username>')
    .description(
      'Make an account. --fhir-user says who the person is in the record: what they may see follows from it.',
    )
    .addOption(
      new Option('--role <role>', 'what the person is here').choices(accounts.ROLES).makeOptionMandatory(),
    )
    .option('--name <name>', 'how the person is addressed (the user name when absent)')
    .option(
      '--fhir-user <Type/id>',
      'Practitioner, Patient or RelatedPerson of the tenant; not for operators',
    )
    .option('--password-stdin', FROM_STDIN)
    .option(...TENANT_OPTION)
    .addHelpText(
      'after',
      examples(
        [
          'embergate user add jdoe --role practitioner --name "Jo Doe" --fhir-user Practitioner/123',
          'a clinician; the password is shown once',
        ],
        [
          'embergate user add anna --role patient --fhir-user Patient/456 --password-stdin < password.txt',
          'a patient, who sees her own record',
        ],
        ['embergate user add ops --role operator', 'runs the server, and sees no clinical data'],
      ),
    )
    .action(add);
  user
    .command('list')
    .description('List the accounts: user name, role, who they are, state.')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate user list', 'prints one account a line, with tabs between']))
    .action(list);
  user
    .command('password <username>')
    .description(
      'Give a new password. Ends every session and every access that the account has given to apps.',
    )
    .option('--password-stdin', FROM_STDIN)
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate user password jdoe', 'makes a password and shows it once']))
    .action(password);
  addSwitches(user);
  addSignInCommands(user);
}

function addSwitches(user: Command): void {
  const one = (
    verb: string,
    does: string,
    change: (store: TenantStore, username: string) => Promise<boolean>,
  ): void => {
    user
      .command(`${verb} <username>`)
      .description(does)
      .option(...TENANT_OPTION)
      .addHelpText('after', examples([`embergate user ${verb} jdoe`, does]))
      .action((username: string, { tenant }: UserOptions) =>
        withTenant(tenant, async (store) => {
          if (!(await change(store, username))) throw unknown(username, tenant);
          await noteAdministration(store, 'administration', { command: `user ${verb}`, user: username });
          console.log(`${verb === 'remove' ? 'removed' : `${verb}d`} ${username}`);
        }),
      );
  };
  one(
    'disable',
    'Refuse sign-in and end all access that the account has given; `enable` takes it back.',
    (store, who) => accounts.setDisabled(store.tokens, who, true, Date.now()),
  );
  one('enable', 'Let a disabled account sign in again.', (store, who) =>
    accounts.setDisabled(store.tokens, who, false, Date.now()),
  );
  one('remove', 'Remove the account, its sessions and all access that it has given.', (store, who) =>
    accounts.removeAccount(store.tokens, who, Date.now()),
  );
}

async function add(username: string, options: UserOptions): Promise<void> {
  const { role, name = username, fhirUser } = options;
  await withTenant(options.tenant, async (store) => {
    await refuseWrongPerson(store, role, fhirUser);
    const { password, isMade } = await passwordFrom(options);
    const wanted = { username, name, role, fhirUser, password };
    const account = await accounts.addAccount(store.tokens, wanted, Date.now());
    await noteAdministration(store, 'administration', { command: 'user add', user: username, role });
    console.log(`made ${account.username}${isMade ? `, password ${password}` : ''}`);
    if (isMade) console.error('The password is kept as a hash only and cannot be shown again.');
  });
}

async function password(username: string, options: UserOptions): Promise<void> {
  await withTenant(options.tenant, async (store) => {
    const fresh = await passwordFrom(options);
    if (!(await accounts.setPassword(store.tokens, username, fresh.password, Date.now())))
      throw unknown(username, options.tenant);
    await noteAdministration(store, 'administration', { command: 'user password', user: username });
    console.log(
      fresh.isMade ? `${username} has the password ${fresh.password}` : `${username} has a new password`,
    );
    if (fresh.isMade) console.error('It is kept as a hash only and cannot be shown again.');
  });
}

async function list({ tenant }: UserOptions): Promise<void> {
  await withTenant(tenant, async (store) => {
    for (const one of await accounts.accounts(store.tokens, Date.now())) {
      const state = [one.disabled && 'disabled', one.demo && 'demo'].filter(Boolean).join(', ');
      console.log([one.username, one.role, one.name, one.fhirUser ?? '-', state || 'active'].join('\t'));
    }
  });
}

const unknown = (username: string, tenant: string): Error =>
  new Error(`there is no account "${username}" in the tenant ${tenant}: embergate user list shows them`);

/** The password never stands among the arguments, where every process of the machine could read it. */
async function passwordFrom({
  passwordStdin,
}: UserOptions): Promise<{ readonly password: string; readonly isMade: boolean }> {
  if (!passwordStdin) return { password: randomBytes(12).toString('base64url'), isMade: true };
  return { password: (await readAll(process.stdin)).replace(/\r?\n$/, ''), isMade: false };
}

async function refuseWrongPerson(
  store: TenantStore,
  role: Role,
  fhirUser: string | undefined,
): Promise<void> {
  const types = RESOURCES[role];
  if (types.length === 0) {
    if (fhirUser === undefined) return;
    throw new Error(`an account with the role ${role} is nobody in the record: leave --fhir-user out`);
  }
  const [type, id] = fhirUser?.split('/') ?? [];
  if (type === undefined || !types.includes(type) || !id)
    throw new Error(`the role ${role} needs --fhir-user ${types.map((one) => `${one}/ID`).join(' or ')}`);
  const [found] = await store.resources.read([{ type, id }]);
  if (!found?.body) throw new Error(`there is no ${fhirUser} in the tenant: store it first`);
}
