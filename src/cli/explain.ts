/** `embergate explain`: what a search means (the plan) and what each store would be asked. */
import type { Command } from 'commander';
import type { Include } from '../fhir/search/draft.ts';
import type { SearchPlan } from '../fhir/search/plan.ts';
import { examples } from './help.ts';

export function addExplain(program: Command): void {
  program
    .command('explain <query>')
    .description('Show the plan of a search, its SQL and its MongoDB filter. No server is needed.')
    .addHelpText(
      'after',
      examples(
        [
          "embergate explain 'Observation?code=http://loinc.org|8302-2&date=ge2024'",
          'one type, two criteria',
        ],
        ["embergate explain 'Observation?subject:Patient.name=ann&_sort=-date'", 'a chain, newest first'],
      ),
    )
    .action(explain);
}

async function explain(query: string): Promise<void> {
  const [{ plan, inner, includes }, { compileSearch }, { explainSql }] = await Promise.all([
    explained(query),
    import('../store/mongo/compile.ts'),
    import('../store/sqlite/explain.ts'),
  ]);
  const show = (title: string, value: unknown): void =>
    console.log(`${title}\n${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
  const showPlan = (title: string, one: SearchPlan): void => {
    show(`${title}Plan`, one);
    show(`${title}SQLite`, explainSql(one));
    show(`${title}MongoDB`, compileSearch(one));
  };
  inner.forEach(({ name, plan: one }) => showPlan(`${name}: `, one));
  showPlan('', plan);
  if (includes.length > 0) show('Included with each page', includes);
}

interface Explained {
  readonly plan: SearchPlan;
  /** the inner searches of joins in the order in which they are made, under the name that stands for their keys */
  readonly inner: readonly { readonly name: string; readonly plan: SearchPlan }[];
  readonly includes: readonly Include[];
}

async function explained(query: string): Promise<Explained> {
  const [
    { loadDefinitions },
    { FhirError },
    { ALL },
    { parseSearch },
    { searchPlan },
    { answerJoins },
    { parseQuery },
    { didYouMean },
  ] = await Promise.all([
    import('../definitions-file.ts'),
    import('../fhir/model/outcome.ts'),
    import('../fhir/search/expression.ts'),
    import('../fhir/search/parse.ts'),
    import('../fhir/search/plan.ts'),
    import('../fhir/search/answer.ts'),
    import('../rest/query.ts'),
    import('../fhir/model/near.ts'),
  ]);
  const definitions = await loadDefinitions({ packages: 'profiles' });
  const [type = '', parameters = ''] = query.split(/\?(.*)/s);
  if (type !== '' && !definitions.isResourceType(type)) {
    throw new Error(`"${type}" is not a resource type.${didYouMean(type, definitions.resourceTypes)}`);
  }
  const types = type === '' ? [] : [type];
  const parsed = parseSearch(definitions, {
    types,
    parameters: parseQuery(parameters),
    handling: 'strict',
    baseUrl: 'http://localhost/fhir',
  });
  const faults = parsed.issues.filter(({ severity }) => severity === 'error');
  if (faults.length > 0) throw new FhirError(400, faults);
  const inner: { name: string; plan: SearchPlan }[] = [];
  const branches = await answerJoins(parsed.branches, (asked, { prefix = '', most }) => {
    const name = `Inner search ${inner.length + 1}`;
    inner.push({ name, plan: searchPlan({ branches: asked, count: most }, () => ALL) });
    return Promise.resolve([`${prefix}(keys of ${name})`]);
  });
  const plan = searchPlan({ branches, sort: parsed.sort, count: parsed.count ?? 20 }, () => ALL);
  return { plan, inner, includes: parsed.includes };
}
