/** `embergate keys`: lists and rotates the keys that sign id_tokens. */
import type { Command } from 'commander';
import { tenantKeys } from '../smart/sealing.ts';
import { listKeys, rotateKeys } from '../smart/signing-keys.ts';
import { examples } from './help.ts';
import { TENANT_OPTION, withTenant } from './stores.ts';

interface KeysOptions {
  readonly tenant: string;
}

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('The keys that sign id_tokens: apps find them at /oidc/jwks.');
  keys
    .command('list')
    .description('List the keys: id, algorithm, since when it signs, until when it is published.')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate keys list', 'prints one key a line, with tabs between']))
    .action(({ tenant }: KeysOptions) =>
      withTenant(tenant, async ({ tokens }) => {
        for (const { kid, alg, signsFrom, until } of await listKeys(tokens, Date.now())) {
          console.log([kid, alg, instant(signsFrom), until === undefined ? '' : instant(until)].join('\t'));
        }
      }),
    );
  keys
    .command('rotate')
    .description(
      'Make new keys. They are published at once and sign in five minutes; the old ones stay published for a day after that.',
    )
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate keys rotate', 'a running server takes them up by itself']))
    .action(({ tenant }: KeysOptions) =>
      withTenant(tenant, async ({ tokens, secret }) => {
        const made = await rotateKeys(tokens, tenantKeys(secret), Date.now());
        made.forEach((kid) => console.log(`made ${kid}`));
      }),
    );
}

const instant = (ms: number): string => new Date(ms).toISOString();
