/** The index values of one node that the expression of a search parameter has found, by the type of the parameter. https://hl7.org/fhir/R4/search.html#ptypes */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { indexDate } from './date.ts';
import { indexPosition } from './near.ts';
import { indexNumber } from './number.ts';
import { indexQuantity } from './quantity.ts';
import { indexReference } from './reference.ts';
import { indexString } from './string.ts';
import { indexPrimitive, indexToken, tokenShape } from './token.ts';
import { indexUri } from './uri.ts';

export interface IndexOptions {
  /** references below this URL are local ones */
  readonly baseUrl?: string;
  /** places of contained resources, by `#id` */
  readonly places?: ReadonlyMap<string, string>;
}

export type IndexNode = (node: PathNode, add: Add, options: IndexOptions) => void;

/** Not for composite parameters, whose values are those of their components. */
export function nodeIndexer(definitions: Definitions, parameter: SearchParameter, type: string): IndexNode {
  const { code } = parameter;
  switch (parameter.type) {
    case 'token': {
      const index = tokenShape(definitions, parameter, type).primitive ? indexPrimitive : indexToken;
      return (node, add) => index(code, node, add);
    }
    case 'reference':
      return (node, add, options) => indexReference(definitions, code, node, add, options);
    case 'string':
      return (node, add) => indexString(code, node, add);
    case 'uri':
      return (node, add) => indexUri(code, node, add);
    case 'date':
      return (node, add) => indexDate(code, node, add);
    case 'number':
      return (node, add) => indexNumber(code, node, add);
    case 'special':
      return (node, add) => indexPosition(code, node, add);
    default:
      return (node, add) => indexQuantity(code, node, add);
  }
}
