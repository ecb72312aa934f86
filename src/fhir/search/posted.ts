/** Whether a SearchParameter that is to be stored can be searched by here. https://hl7.org/fhir/R4/searchparameter.html */
import { compileSearchParameter } from '../definitions/compile.ts';
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { FhirError, issue, type Issue } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { compilePath } from '../path/engine.ts';
import { compositeWays } from './composite.ts';
import { isServed } from './extract.ts';
import { PSEUDO } from './index-value.ts';

/** What keeps it from being served; nothing for a draft of one that is retired, or for what the structure of R4 refuses anyway. */
export function searchParameterIssues(definitions: Definitions, tree: ResourceTree): Issue[] {
  const { url, code, type, base, status } = tree;
  if (status === 'retired' || ![url, code, type].every((one) => typeof one === 'string')) return [];
  if (!Array.isArray(base)) return [];
  const parameter = compileSearchParameter(tree as never);
  const issues: Issue[] = [];
  if (!/^[a-z_][a-z0-9_-]*$/i.test(parameter.code)) {
    const text = `"${parameter.code.slice(0, 64)}" cannot be the code of a search parameter: use letters, digits, - and _`;
    issues.push(issue('value', text, 'SearchParameter.code'));
  }
  if (PSEUDO.has(parameter.code)) {
    const text = `"${parameter.code}" is a name of this server's own index: choose another code`;
    issues.push(issue('business-rule', text, 'SearchParameter.code'));
  }
  if (!isServed(parameter)) {
    const text = `A ${parameter.type} parameter without an expression that is evaluated cannot be searched by`;
    return [...issues, issue('business-rule', text, 'SearchParameter.expression')];
  }
  for (const one of concreteTypes(definitions, parameter)) {
    issues.push(...issuesFor(definitions, parameter, one));
    if (issues.length > 0) break;
  }
  return issues;
}

function concreteTypes(definitions: Definitions, { base }: SearchParameter): readonly string[] {
  const abstract = base.some((one) => one === 'Resource' || one === 'DomainResource');
  return abstract ? definitions.resourceTypes : base.filter((one) => definitions.isResourceType(one));
}

function issuesFor(definitions: Definitions, parameter: SearchParameter, type: string): Issue[] {
  const { code, url } = parameter;
  const known = definitions.searchParameters(type).get(code);
  if (known && known.url !== url) {
    const text = `${type} has a search parameter ${code} already, ${known.url}: choose another code`;
    return [issue('business-rule', text, 'SearchParameter.code')];
  }
  try {
    if (parameter.type !== 'composite') compilePath(definitions, parameter.expression!, type);
    else if (compositeWays(definitions, { ...parameter, code: `${code} of ${url}` }, type).length === 0) {
      const text = 'The components of this composite are not known here, or cannot be searched together';
      return [issue('business-rule', text, 'SearchParameter.component')];
    }
    return [];
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return [issue('invalid', error.message, 'SearchParameter.expression')];
  }
}
