/** `embergate explain`: what a search means (the plan) and what each store would be asked. */
import type { Command } from 'commander';
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
  const [plan, { compileSearch }, { explainSql }] = await Promise.all([
    planOf(query),
    import('../store/mongo/compile.ts'),
    import('../store/sqlite/explain.ts'),
  ]);
  const show = (title: string, value: unknown): void =>
    console.log(`${title}\n${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
  show('Plan', plan);
  show('SQLite', explainSql(plan));
  show('MongoDB', compileSearch(plan));
}

async function planOf(query: string): Promise<SearchPlan> {
  const [
    { loadDefinitions },
    { FhirError },
    { ALL },
    { parseSearch },
    { searchPlan },
    { parseQuery },
    { didYouMean },
  ] = await Promise.all([
    import('../definitions-file.ts'),
    import('../fhir/model/outcome.ts'),
    import('../fhir/search/expression.ts'),
    import('../fhir/search/parse.ts'),
    import('../fhir/search/plan.ts'),
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
  return searchPlan({ branches: parsed.branches, sort: parsed.sort, count: parsed.count ?? 20 }, () => ALL);
}
