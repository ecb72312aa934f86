/** The index values of a resource of this server: absolute references below its own base count as local ones. */
import { indexValues } from '../fhir/search/extract.ts';
import type { IndexValue } from '../fhir/search/index-value.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import type { Context } from './record.ts';

export function indexOf(context: Context, tree: ResourceTree): IndexValue[] {
  return indexValues(context.record.indexing(), tree, { baseUrl: context.request.baseUrl });
}
