/** The OperationDefinitions of what only this server has: `$reindex` and the named queries. They can be read, and nothing can be written over them. https://hl7.org/fhir/R4/operationdefinition.html */
import { NAMED_QUERIES, queryDefinition } from '../fhir/search/named-query.ts';
import type { JsonObject, ResourceTree } from '../fhir/model/tree.ts';

const REINDEX: JsonObject = {
  resourceType: 'OperationDefinition',
  id: 'embergate-reindex',
  name: 'Reindex',
  title: 'Index everything anew',
  status: 'active',
  kind: 'operation',
  affectsState: true,
  description:
    'POST has every resource indexed anew in the background, also over restarts; searches go on by the index that there is. GET tells how far it is and changes nothing. For those who may change every SearchParameter.',
  code: 'reindex',
  resource: ['SearchParameter'],
  system: true,
  type: true,
  instance: false,
  parameter: [
    out('complete', 1, '1', 'boolean', 'Whether everything is indexed by every search parameter'),
    out('pending', 0, '*', 'string', 'What is not indexed by yet, one each'),
    out('done', 0, '1', 'decimal', 'Versions that have been looked at'),
    out('of', 0, '1', 'decimal', 'Versions that there are'),
  ],
};

function out(name: string, min: number, max: string, type: string, documentation: string): JsonObject {
  return { name, use: 'out', min, max, documentation, type };
}

const ALL: ReadonlyMap<string, JsonObject> = new Map(
  [REINDEX, ...NAMED_QUERIES.map(queryDefinition)].map((one) => [String(one['id']), one]),
);

/** By type and id; undefined for everything else. */
export function ownOperation(baseUrl: string, type: string, id: string): ResourceTree | undefined {
  const own = type === 'OperationDefinition' ? ALL.get(id) : undefined;
  if (!own) return undefined;
  const { resourceType, ...rest } = own;
  return { resourceType, id, url: `${baseUrl}/OperationDefinition/${id}`, ...rest } as ResourceTree;
}
