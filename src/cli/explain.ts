/** `embergate explain`: what a search means (the plan) and what each store would be asked. */
import type { Command } from 'commander';
import { loadDefinitions } from '../definitions-file.ts';
import { FhirError } from '../fhir/model/outcome.ts';
import { ALL } from '../fhir/search/expression.ts';
import { parseSearch } from '../fhir/search/parse.ts';
import { searchPlan, type SearchPlan } from '../fhir/search/plan.ts';
import { parseQuery } from '../rest/query.ts';
import { compileSearch } from '../store/mongo/compile.ts';
import { explainSql } from '../store/sqlite/explain.ts';
import { examples } from './program.ts';

export function addExplain(program: Command): void {
  program
    .command('explain <query>')
    .description('Show the plan of a search, its SQL and its MongoDB filter.')
    .addHelpText('after', examples("embergate explain 'Observation?code=http://loinc.org|8302-2&date=ge2024'"))
    .action(explain);
}

async function explain(query: string): Promise<void> {
  const plan = await planOf(query);
  const show = (title: string, value: unknown): void => console.log(`${title}\n${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
  show('Plan', plan);
  show('SQLite', explainSql(plan));
  show('MongoDB', compileSearch(plan));
}

async function planOf(query: string): Promise<SearchPlan> {
  const definitions = await loadDefinitions({ packages: 'profiles' });
  const [type = '', parameters = ''] = query.split(/\?(.*)/s);
  const types = type === '' ? [] : [type];
  if (type !== '' && !definitions.isResourceType(type)) throw new Error(`"${type}" is not a resource type`);
  const parsed = parseSearch(definitions, { types, parameters: parseQuery(parameters), handling: 'strict', baseUrl: 'http://localhost/fhir' });
  const faults = parsed.issues.filter(({ severity }) => severity === 'error');
  if (faults.length > 0) throw new FhirError(400, faults);
  return searchPlan({ branches: parsed.branches, sort: parsed.sort, count: parsed.count ?? 20 }, () => ALL);
}
