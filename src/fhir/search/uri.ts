/** URI parameters: compared as they are; `:below` by prefix. https://hl7.org/fhir/R4/search.html#uri */
import { fault } from '../model/outcome.ts';
import type { PathNode } from '../path/engine.ts';
import { unescape } from './escape.ts';
import { or, type Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';

export function indexUri(param: string, { value }: PathNode, add: (value: IndexValue) => void): void {
  if (typeof value === 'string' && value !== '') add({ kind: 'text', param, text: value, exact: value });
}

export function uriExpression(param: string, modifier: string | undefined, value: string): Expression {
  const uri = unescape(value);
  if (modifier === undefined) return { op: 'text', param, test: 'equals', value: uri };
  if (uri.startsWith('urn:'))
    throw fault('value', `:${modifier} works on URLs by their path, not on "${uri.slice(0, 80)}"`, param);
  if (modifier === 'below') {
    const base = uri.replace(/\/$/, '');
    return or(
      { op: 'text', param, test: 'equals', value: base },
      { op: 'text', param, test: 'starts', value: `${base}/` },
    );
  }
  return or(...ancestors(uri).map((one): Expression => ({ op: 'text', param, test: 'equals', value: one })));
}

/** `http://a/b/c` -> itself, `http://a/b`, `http://a` */
function ancestors(uri: string): string[] {
  const all = [uri];
  for (let at = uri.lastIndexOf('/'); at > uri.indexOf('://') + 2; at = uri.lastIndexOf('/', at - 1))
    all.push(uri.slice(0, at));
  return all;
}
