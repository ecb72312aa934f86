/** `embergate access`: the policies of a tenant, and why somebody may do something or may not (docs/policies.md). */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Grantee } from '../access/grantee.ts';
import type { Composition } from '../compose.ts';
import type { JsonObject } from '../fhir/model/tree.ts';
import type { TenantRecord } from '../rest/record.ts';
import { examples } from './help.ts';
import { TENANT_OPTION } from './stores.ts';

interface TenantOptions {
  readonly tenant: string;
}

interface ExplainCommand extends TenantOptions {
  readonly method: string;
  readonly scope?: string;
  readonly patient?: string;
  readonly purpose?: string;
}

export function addAccess(program: Command): void {
  const access = program
    .command('access')
    .description('Policies: who may do what, and why. A running server counts a change within a second.')
    .addHelpText(
      'after',
      examples(
        ['embergate access policies', 'lists what is in force'],
        [
          'embergate access explain clinician Patient/1',
          'tells what would be allowed, and which rule says so',
        ],
      ),
    );
  access
    .command('explain <who> <url>')
    .description(
      'Tell what would become of a request by a user (user name) or a client that acts for itself (client id), and which rule says so. Nothing is performed.',
    )
    .option('--method <method>', 'of the request', 'GET')
    .option('--scope <scopes>', 'scopes of the token (all that the user or client could have when absent)')
    .option('--patient <id>', 'the patient in context')
    .option('--purpose <code>', 'purpose of use, as X-Purpose-Of-Use has it')
    .option(...TENANT_OPTION)
    .addHelpText(
      'after',
      examples(
        ["embergate access explain clinician 'Observation?category=laboratory'", 'a search by a person'],
        ['embergate access explain demo-backend Patient/1 --method DELETE', 'by a service'],
        [
          'embergate access explain clinician Patient/1 --scope "patient/*.rs" --patient 1 --purpose TREAT',
          'by an app of a person, with a patient in context',
        ],
      ),
    )
    .action(explain);
  addKeeping(access);
}

function addKeeping(access: Command): void {
  access
    .command('policies')
    .description('List the stored policies, what each rule says, and what is wrong with any.')
    .option(...TENANT_OPTION)
    .addHelpText(
      'after',
      examples(['embergate access policies', 'the built-in ones are told where none is stored']),
    )
    .action(policies);
  access
    .command('apply <files...>')
    .description('Store policies: JSON files with a Basic each. One of the same id is replaced.')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate access apply own-patients.json', 'counts within a second']))
    .action(apply);
  access
    .command('remove <id>')
    .description('Remove a stored policy. Its versions stay in the history.')
    .option(...TENANT_OPTION)
    .addHelpText(
      'after',
      examples(['embergate access remove own-patients', 'the built-in policy counts again']),
    )
    .action(remove);
}

interface Work {
  readonly record: TenantRecord;
  readonly base: string;
}

/** The record of a tenant as a server has it. */
async function withRecord(tenant: string, work: (work: Work) => Promise<void>): Promise<void> {
  const [{ compose }, { readConfig }] = await Promise.all([import('../compose.ts'), import('../config.ts')]);
  const config = { ...readConfig(), access: 'smart' as const };
  const composition: Composition = await compose(config, { version: 'cli', observe: () => undefined });
  try {
    const record = await composition.record(tenant);
    if (!record) throw new Error(`there is no tenant "${tenant}": embergate tenant list shows them`);
    await work({ record, base: `${config.publicUrl}${tenant === 'default' ? '' : `/t/${tenant}`}/fhir` });
  } finally {
    await composition.close();
  }
}

async function explain(who: string, url: string, options: ExplainCommand): Promise<void> {
  const { explainAccess } = await import('../rest/explain-access.ts');
  await withRecord(options.tenant, async ({ record, base }) => {
    const grantee = await granteeOf(record, who, options);
    const { purpose, method } = options;
    const told = await explainAccess(record, grantee, method.toUpperCase(), url, {
      base,
      reveals: true,
      ...(purpose !== undefined && { purpose }),
    });
    console.log(`${told.allowed ? 'allowed' : 'refused'}: ${told.decision}`);
    if (told.role !== undefined) console.log(`role: ${told.role}`);
    if (told.scope !== '') console.log(`open: ${told.scope}`);
    if (told.wouldFilter) console.log('others are left out as if they were not there');
    if (told.hidden.length > 0) console.log(`hidden: ${told.hidden.join(', ')}`);
    for (const { rule, says, source } of told.rules) console.log(`${says.padEnd(8)}${rule} [${source}]`);
  });
}

async function granteeOf(record: TenantRecord, who: string, options: ExplainCommand): Promise<Grantee> {
  const [{ accountOf }, { clientOf }, { accountGrantee, clientGrantee }] = await Promise.all([
    import('../smart/accounts.ts'),
    import('../smart/registered-clients.ts'),
    import('../access/policy/subject.ts'),
  ]);
  const { tokens } = record.store;
  const { scope, patient } = options;
  const account = await accountOf(tokens, who, Date.now());
  if (account) {
    const { id, fhirUser } = account;
    const grantee = accountGrantee({ id, ...(fhirUser !== undefined && { fhirUser }) }, scope);
    return patient === undefined ? grantee : { ...grantee, patient };
  }
  const client = await clientOf(tokens, who, Date.now());
  if (!client)
    throw new Error(
      `there is no account and no client "${who}": embergate user list and embergate client list show them`,
    );
  return clientGrantee(client.client_id, scope ?? client.smart_scopes);
}

async function policies({ tenant }: TenantOptions): Promise<void> {
  const [{ BUILT_IN }, { ROLES }, { ruleInWords, limitsInWords }] = await Promise.all([
    import('../access/policy/built-in.ts'),
    import('../access/policy/rule.ts'),
    import('../access/policy/words.ts'),
  ]);
  await withRecord(tenant, async ({ record }) => {
    const { policies: stored } = await record.policies!.current();
    const covered = new Set(stored.flatMap(({ roles }) => roles));
    const builtIn = ROLES.filter((role) => !covered.has(role)).map((role) => BUILT_IN[role]);
    for (const { title, source, roles, whom, rules, problems } of [...stored, ...builtIn]) {
      const narrower = Object.values(whom as unknown as Record<string, readonly string[]>).flat();
      console.log(
        `${source}\t${roles.join(', ')}${narrower.length > 0 ? ` (${narrower.join(', ')})` : ''}\t${title}`,
      );
      for (const problem of problems)
        console.log(`  BROKEN, nothing is granted to those whom it is for: ${problem}`);
      for (const rule of rules) {
        const limits = limitsInWords(rule);
        console.log(`  ${rule.name}: ${ruleInWords(rule)}${limits === undefined ? '' : `; ${limits}`}`);
      }
    }
  });
}

async function apply(files: readonly string[], { tenant }: TenantOptions): Promise<void> {
  const trees = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as JsonObject);
  await withRecord(tenant, async (work) => {
    const { isPolicy } = await import('../access/policy/parse.ts');
    for (const [i, tree] of trees.entries()) {
      if (!isPolicy(tree) || typeof tree['id'] !== 'string')
        throw new Error(`${files[i]} is no policy with an id: docs/policies.md shows how one looks`);
      await send(work, 'PUT', tree['id'], tree);
      console.log(`stored Basic/${tree['id']}`);
    }
  });
}

async function remove(id: string, { tenant }: TenantOptions): Promise<void> {
  await withRecord(tenant, async (work) => {
    const { policies: stored } = await work.record.policies!.current();
    if (!stored.some(({ source }) => source.startsWith(`Basic/${id}/`)))
      throw new Error(`there is no policy "${id}" in force: embergate access policies shows them`);
    await send(work, 'DELETE', id);
    console.log(`removed Basic/${id}`);
  });
}

async function send(
  { record, base }: Work,
  method: 'PUT' | 'DELETE',
  id: string,
  tree?: JsonObject,
): Promise<void> {
  const [{ dispatch }, { OPEN_ACCESS }] = await Promise.all([
    import('../rest/dispatch.ts'),
    import('../access/context.ts'),
  ]);
  const { response } = await dispatch(record, OPEN_ACCESS, {
    method,
    path: ['Basic', id],
    query: [],
    headers: {},
    ...(tree && { body: { kind: 'tree' as const, tree } }),
    baseUrl: base,
    id: 'cli',
  });
  if (response.status < 300) return;
  const told =
    response.body?.kind === 'tree' ? (response.body.tree as { issue?: { diagnostics: string }[] }) : {};
  throw new Error(
    (told.issue ?? []).map(({ diagnostics }) => diagnostics).join('; ') || `answered ${response.status}`,
  );
}
