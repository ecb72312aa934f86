/**
 * A table of what is above what, kept up to date for a client: codes are added as the client meets them, and each answer has what is new.
 * https://hl7.org/fhir/R4/conceptmap-operation-closure.html
 */
import type { Coding, ConceptMap, ConceptMapGroup } from '@medplum/fhirtypes';
import { isSelfOrAbove } from './code-system.ts';
import { TxRefusal } from './issue.ts';
import type { World } from './world.ts';

/** What is kept of a table. The codes of version n are those that were added up to the n-th answer. */
export interface ClosureTable {
  readonly version: number;
  readonly codes: readonly { readonly system: string; readonly code: string; readonly since: number }[];
}

const MOST_CODES = 2000;

/** The table with codes added, and what is new in it; `since`: an earlier version, to say all that came after it. */
export function close(
  world: World,
  name: string,
  table: ClosureTable,
  added: readonly Coding[],
  since: number | undefined,
): { readonly table: ClosureTable; readonly answer: ConceptMap } {
  const known = new Set(table.codes.map(({ system, code }) => `${system}|${code}`));
  const fresh = added.filter(
    ({ system, code }) => system !== undefined && code !== undefined && !known.has(`${system}|${code}`),
  );
  const unknown = fresh.find(({ system, code }) => !world.codeSystem(system!)?.find(code!));
  if (unknown) {
    const text = `The code ${unknown.system}#${unknown.code} is not known here, so that nothing can be said of what is above it`;
    throw new TxRefusal(422, { code: 'not-found', type: 'not-found', text, message: 'CLOSURE_CODE_UNKNOWN' });
  }
  if (table.codes.length + fresh.length > MOST_CODES) {
    const text = `The table ${name} would hold more than ${MOST_CODES} codes: begin another one`;
    throw new TxRefusal(422, { code: 'too-costly', text, message: 'CLOSURE_TOO_LARGE' });
  }
  const version = fresh.length > 0 ? table.version + 1 : table.version;
  const codes = [
    ...table.codes,
    ...fresh.map(({ system, code }) => ({ system: system!, code: code!, since: version })),
  ];
  const from = since ?? version - (fresh.length > 0 ? 1 : 0);
  const grown = { version, codes };
  return { table: grown, answer: answerOf(world, name, grown, from) };
}

/** Pairs of which one code came after version `from`. */
function answerOf(world: World, name: string, { version, codes }: ClosureTable, from: number): ConceptMap {
  const systems = [...new Set(codes.map(({ system }) => system))];
  const group = systems.flatMap((system): ConceptMapGroup[] => {
    const graph = world.codeSystem(system);
    const own = codes.filter((one) => one.system === system);
    const element = own.flatMap((one) => {
      const concept = graph?.find(one.code);
      const above = own.filter((other) => {
        const higher = graph?.find(other.code);
        return (
          concept &&
          higher &&
          higher !== concept &&
          (one.since > from || other.since > from) &&
          isSelfOrAbove(higher, concept)
        );
      });
      return above.length === 0
        ? []
        : [{ code: one.code, target: above.map(({ code }) => ({ code, equivalence: 'subsumes' as const })) }];
    });
    return element.length === 0 ? [] : [{ source: system, target: system, element }];
  });
  return {
    resourceType: 'ConceptMap',
    name,
    version: String(version),
    status: 'active',
    ...(group.length > 0 && { group }),
  };
}
