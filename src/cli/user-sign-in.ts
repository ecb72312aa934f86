/** `embergate user`, what an operator does about how people sign in: when a phone is gone, a device is lost, or an account is to be linked. Each asks why. */
import type { Command } from 'commander';
import { SERVER } from '../access/audit/note.ts';
import { pageOf } from '../access/audit/page.ts';
import { accountOf, type Account } from '../smart/accounts.ts';
import { endSessions } from '../smart/devices.ts';
import { removeFactors } from '../smart/factors/factors.ts';
import { addLink, removeLinks } from '../smart/upstream/links.ts';
import type { TenantStore } from '../store/ports.ts';
import { examples } from './help.ts';
import { TENANT_OPTION, withTenant } from './stores.ts';

interface Options {
  readonly tenant: string;
  readonly reason: string;
  readonly issuer?: string;
  readonly subject?: string;
}

interface Act {
  readonly verb: string;
  readonly does: string;
  readonly example: string;
  /** what is said and noted when it is done */
  readonly done: string;
  readonly perform: (store: TenantStore, account: Account, options: Options) => Promise<void>;
}

const ACTS: readonly Act[] = [
  {
    verb: 'reset-second-factor',
    does: 'Remove authenticator app, passkeys and recovery codes, and end all sessions: the password alone signs in again. Make sure first that it is the owner who asks.',
    example: '--reason "lost her phone, came to the desk with her passport"',
    done: 'second factor removed',
    perform: async ({ tokens }, { id }) => {
      await removeFactors(tokens, id, Date.now());
      await endSessions(tokens, id, Date.now());
    },
  },
  {
    verb: 'sign-out',
    does: 'End all browser sessions of an account. Apps that were let in for longer stay: `disable` ends those too.',
    example: '--reason "left the computer of the ward open"',
    done: 'signed out everywhere',
    perform: async ({ tokens }, { id }) => void (await endSessions(tokens, id, Date.now())),
  },
  {
    verb: 'link',
    does: 'Let an account of another OpenID provider sign in as this one (UPSTREAM_ISSUER), named by issuer and subject.',
    example: '--issuer https://login.example.org --subject 248289761001 --reason "new colleague"',
    done: 'linked to another provider',
    perform: async ({ tokens }, { id }, { issuer, subject }) => {
      if (issuer === undefined || subject === undefined)
        throw new Error('a link needs --issuer and --subject, letter by letter as the provider has them');
      if (!(await addLink(tokens, id, { issuer, subject }, Date.now())))
        throw new Error(`${subject} of ${issuer} is linked to an account already: unlink that one first`);
    },
  },
  {
    verb: 'unlink',
    does: 'End every link of an account to other providers.',
    example: '--reason "left the other hospital"',
    done: 'unlinked from other providers',
    perform: ({ tokens }, { id }) => removeLinks(tokens, id, Date.now()),
  },
];

/** Adds them to the command `user`. */
export function addSignInCommands(user: Command): void {
  for (const act of ACTS) {
    const command = user
      .command(`${act.verb} <username>`)
      .description(act.does)
      .requiredOption('--reason <text>', 'why: it stands in the audit trail')
      .option(...TENANT_OPTION)
      .addHelpText('after', examples([`embergate user ${act.verb} jdoe ${act.example}`, act.does]))
      .action((username: string, options: Options) => run(act, username, options));
    if (act.verb === 'link')
      command
        .option('--issuer <url>', 'of the other provider')
        .option('--subject <id>', 'what the other provider calls the person (sub)');
  }
}

async function run(act: Act, username: string, options: Options): Promise<void> {
  const { tenant, reason } = options;
  await withTenant(tenant, async (store) => {
    const account = await accountOf(store.tokens, username, Date.now());
    if (!account)
      throw new Error(
        `there is no account "${username}" in the tenant ${tenant}: embergate user list shows them`,
      );
    await act.perform(store, account, options);
    await note(store, account, act.done, reason);
    console.log(`${account.username}: ${act.done}`);
  });
}

async function note({ audit }: TenantStore, account: Account, change: string, reason: string): Promise<void> {
  const { readConfig } = await import('../config.ts');
  if (readConfig().audit === 'off') return;
  const detail = { change, account: account.username, by: 'embergate user' };
  const what = {
    at: Date.now(),
    happening: 'administration',
    outcome: 'done',
    who: SERVER,
    requestId: '',
  } as const;
  await audit.append(pageOf([{ ...what, reason, detail }]));
}
