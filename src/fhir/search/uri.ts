/** URI parameters: compared as they are; `:below` and `:above` by path. https://hl7.org/fhir/R4/search.html#uri */
import { fault } from '../model/outcome.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { unescape } from './escape.ts';
import { or, type Expression } from './expression.ts';

/** A canonical with a version is found with and without it. */
export function indexUri(param: string, { value, type }: PathNode, add: Add): void {
  if (typeof value !== 'string' || value === '') return;
  add({ kind: 'text', param, text: value, exact: value });
  const bar = type === 'canonical' ? value.indexOf('|') : -1;
  if (bar > 0) add({ kind: 'text', param, text: value.slice(0, bar), exact: value.slice(0, bar) });
}

export function uriExpression(param: string, modifier: string | undefined, value: string): Expression {
  const uri = unescape(value);
  if (modifier === undefined) return { op: 'text', param, test: 'equals', value: uri };
  if (uri.startsWith('urn:')) {
    throw fault('value', `:${modifier} works on URLs by their path, not on "${uri.slice(0, 80)}"`, param);
  }
  if (modifier === 'below') {
    const under: Expression = {
      op: 'text',
      param,
      test: 'starts',
      value: uri.endsWith('/') ? uri : `${uri}/`,
    };
    return uri.endsWith('/') ? under : or({ op: 'text', param, test: 'equals', value: uri }, under);
  }
  return or(...ancestors(uri).map((one): Expression => ({ op: 'text', param, test: 'equals', value: one })));
}

/** `http://a/b/c` -> itself, `http://a/b/`, `http://a/b`, `http://a/`, `http://a` */
function ancestors(uri: string): string[] {
  const all = [uri];
  const root = uri.indexOf('://') + 3;
  for (let at = uri.lastIndexOf('/'); at >= root; at = uri.lastIndexOf('/', at - 1)) {
    all.push(uri.slice(0, at + 1), uri.slice(0, at));
  }
  return [...new Set(all)];
}
